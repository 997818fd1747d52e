import pytest

from tests.cli.conftest import Ask
from tests.run.workspace import Workspace

SUITE = "suites/mail.yaml"


@pytest.mark.parametrize("numbers", ["8,x", "0", "-1,4", ""])
def test_a_list_of_numbers_is_read_strictly(ask: Ask, workspace: Workspace, numbers: str):
    reply = ask("curve", SUITE, "--sizes", numbers)
    assert reply.code == 2
    assert "no list of whole numbers from 1 on, such as 8,32,128" in reply.err


def test_a_model_behind_a_server_is_not_trained(ask: Ask, workspace: Workspace):
    reply = ask("curve", SUITE, "--seeds", "1", "--shots", "1")
    assert reply.code == 2
    assert "does not run in this process, so it cannot be trained here" in reply.err
    assert not (workspace.folder / ".promptbench").exists(), "nothing ran before"
