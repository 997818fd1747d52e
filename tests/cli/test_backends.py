"""`promptbench backends`: both tables on stdout, or one JSON object."""

from __future__ import annotations

import json

from tests.backends.conftest import children, fakes  # noqa: F401 - fixtures
from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.run.workspace import Workspace

SUITE = "suites/mail.yaml"


def test_two_tables_and_the_report(ask: Ask, workspace: Workspace, fakes: FakeBackend):  # noqa: F811
    reply = ask("backends", SUITE, "--limit", "3")
    assert reply.code == 0, reply.err
    for text in ("against one", "peak memory", "first token", "A note.", "three is not among them"):
        assert text in reply.out
    assert "index.html" in reply.out
    assert "two: from nothing" in reply.err


def test_json_is_one_object(ask: Ask, workspace: Workspace, fakes: FakeBackend):  # noqa: F811
    reply = ask("backends", SUITE, "--limit", "3", "--json")
    said = json.loads(reply.out)
    assert [each["name"] for each in said["backends"]] == ["one", "two"]
    assert said["missing"] == {"three": "it is not installed"}
    assert said["cases"] == 3 and said["report"].endswith("index.html")


def test_a_model_that_no_backend_shares_is_an_error(ask: Ask, workspace: Workspace):
    reply = ask("backends", SUITE)
    assert reply.code == 2
    assert "is no decoder in a transformers folder" in reply.err
