"""The report of a run holds the prompts as its models saw them."""

from __future__ import annotations

import base64
import json
import zlib

from promptbench.store.prompt import prompts
from tests.run.workspace import Workspace


def test_the_page_of_a_run_holds_every_prompt_that_was_sent(workspace: Workspace):
    result = workspace.run()
    page = result.report.read_text(encoding="utf-8")
    packed = page.split('id="packed">')[1].split("<")[0]
    content = json.loads(zlib.decompress(base64.b64decode(packed)))
    shown = {
        "".join(content["texts"][text] for _, text in content["prompts"][cell[0][-1]["prompt"]][0])
        for cells in content["outputs"]
        for cell in cells
    }
    with workspace.store() as store:
        sent = {seen.text for seen in prompts(store, result.run_id)}
    assert shown == sent
    assert len(sent) == 12
