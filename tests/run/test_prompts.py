"""The report of a run holds the prompts as its models saw them."""

from __future__ import annotations

from promptbench.store.prompt import Prompts
from tests.report.packed import unpacked
from tests.run.workspace import Workspace


def test_the_page_of_a_run_holds_every_prompt_that_was_sent(workspace: Workspace):
    result = workspace.run()
    content = unpacked(result.report.read_text(encoding="utf-8"))
    texts = content["texts"]
    shown = {
        "".join(texts[text] for _, text in content["prompts"][cell[0]["more"]["prompt"]][0])
        for cells in content["outputs"]
        for cell in cells
    }
    with workspace.store() as store:
        sent = {seen.text for seen in Prompts(store, result.run_id).values()}
    assert shown == sent
    assert len(sent) == 12
