"""A real server that we did not write, asked by a run: llama-cpp-python's, of smollm2's GGUF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from promptbench.error import ModelError
from promptbench.model.protocol import Setup, Speaker
from promptbench.model.spec import open_model
from promptbench.record import Completion, Encoded, Message, Request, Sampling
from promptbench.run.job import Result
from tests.end_to_end.beside import emails, outputs
from tests.end_to_end.served_gguf import CONTEXT, NAME, Served, serving, start
from tests.llama import asking
from tests.run.workspace import Notes, Workspace

pytestmark = pytest.mark.slow

LOCAL = "gguf:smollm2"
SUITE = "suites/mail.yaml"
CASES, PROMPTS = 6, 2
OUTPUTS = CASES * PROMPTS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "log") as served:
        yield served


@pytest.fixture(autouse=True)
def own_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What servers say is written down beside the test, not in the user's cache."""
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


def both(workspace: Workspace, result: Result) -> list[tuple[Completion, Completion]]:
    """What this process wrote, and what the server did, for each prompt and case."""
    assert result.errors == 0
    local = outputs(workspace, result, served=False)
    return list(zip(local, outputs(workspace, result, served=True), strict=True))


def counted(ours: Completion) -> int:
    """The tokens of an output as the server counts them: without the one that ends it."""
    return ours.output_tokens - (ours.finish_reason == "stop")


def test_a_served_gguf_writes_what_it_writes_in_this_process(tmp_path: Path, server: Served):
    workspace = emails(tmp_path, LOCAL, server.spec(NAME), sampling="{max_tokens: 16}")
    result = workspace.run(limit=3)
    pairs = both(workspace, result)
    assert len(pairs) == 3 * PROMPTS
    assert len({ours.text for ours, _ in pairs}) > PROMPTS
    for ours, theirs in pairs:
        assert theirs.text == ours.text
        assert theirs.finish_reason == ours.finish_reason
        assert theirs.prompt_tokens == ours.prompt_tokens
        assert theirs.output_tokens == counted(ours)
    again = workspace.run(limit=3)
    assert (again.run_id, again.generated) == (result.run_id, 0)


def test_many_at_once_are_answered_one_after_another_and_none_is_mixed_up(
    tmp_path: Path, server: Served
):
    workspace = emails(tmp_path, LOCAL, server.spec(NAME), sampling="{max_tokens: 4}")
    workspace.edit(SUITE, "concurrency: 1", "concurrency: 12")
    for ours, theirs in both(workspace, workspace.run(limit=4)):
        assert theirs.text == ours.text


def test_stop_strings_end_an_answer_there_too(tmp_path: Path, server: Served):
    sampling = "{max_tokens: 16, stop: [' the', ' to']}"
    workspace = emails(tmp_path, LOCAL, server.spec(NAME), sampling=sampling)
    pairs = both(workspace, workspace.run(limit=3))
    assert "stop_string" in {ours.finish_reason for ours, _ in pairs}
    assert [theirs.text for _, theirs in pairs] == [ours.text for ours, _ in pairs]


def test_log_probabilities_are_those_of_this_process(tmp_path: Path, server: Served):
    sampling = "{max_tokens: 8, logprobs: true}"
    workspace = emails(tmp_path, LOCAL, server.spec(NAME), sampling=sampling)
    for ours, theirs in both(workspace, workspace.run(limit=2)):
        assert theirs.text == ours.text
        ending = ours.finish_reason == "stop"
        expected = ours.logprobs[:-1] if ending else ours.logprobs
        assert theirs.logprobs == pytest.approx(expected, abs=1e-4)
        assert theirs.ends == (ours.ends[:-1] if ending else ours.ends)


def test_a_temperature_draws_from_the_models_whole_distribution(tmp_path: Path, server: Served):
    """Left alone, the server penalises repetition and draws from the 40 likeliest tokens."""
    model = open_model(server.spec(NAME), Setup(tmp_path))
    greedy, drawn = (
        asking(model, "Write the word no ten times.", sampling)
        for sampling in (Sampling(max_tokens=30), Sampling(max_tokens=30, temperature=5.0, seed=3))
    )
    found = {done.key: done for batch in model.stream([greedy, drawn]) for done in batch}
    local = open_model(LOCAL, Setup(tmp_path))
    plain = asking(local, "Write the word no ten times.", greedy.sampling)
    (expected,) = [done for batch in local.stream([plain]) for done in batch]
    assert found[greedy.key].text == expected.text
    probability = logprobs(model, drawn)
    # At this temperature nearly all of 49,152 tokens are alike: the likeliest 40 are not drawn.
    assert sum(one < -8 for one in probability) > len(probability) / 2


def logprobs(model: object, request: Request) -> tuple[float, ...]:
    """The log-probabilities of what is drawn."""
    asked = replace(request, sampling=replace(request.sampling, logprobs=True))
    (done,) = [d for batch in model.stream([asked]) for d in batch]  # type: ignore[attr-defined]
    assert done.error == ""
    return tuple(done.logprobs)


def test_a_seed_draws_the_same_again(tmp_path: Path, server: Served):
    sampling = "{max_tokens: 10, temperature: 1.0, seed: 4}"
    workspace = emails(tmp_path, server.spec(NAME), sampling=sampling)
    first = workspace.run(limit=1, repeats=2)
    again = workspace.run(limit=1, repeats=2, fresh=True)
    texts = [[one.text for one in outputs(workspace, result)] for result in (first, again)]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 2 * PROMPTS


def test_plain_text_goes_through_completions(tmp_path: Path, server: Served):
    """What the chat template writes around a prompt, written into the prompt itself."""
    local = open_model(LOCAL, Setup(tmp_path))
    served = open_model(server.spec(NAME, "completions"), Setup(tmp_path))
    sampling = Sampling(max_tokens=12, logprobs=True)
    for question in ("Name a colour.", "Where is Rome?"):
        messages = (Message("user", question),)
        encoded = local.encode(messages)
        ours = Request("a" * 64, messages, encoded, sampling)
        theirs = replace(ours, encoded=Encoded(encoded.text, (), 0))
        (expected,) = [done for batch in local.stream([ours]) for done in batch]
        (found,) = [done for batch in served.stream([theirs]) for done in batch]
        assert (found.error, found.text) == ("", expected.text)
        assert found.prompt_tokens == expected.prompt_tokens
        assert found.logprobs == pytest.approx(expected.logprobs[: counted(expected)], abs=1e-4)


def test_an_answer_is_heard_as_it_comes(tmp_path: Path, server: Served):
    """The server counts no tokens of what it streams."""
    model = open_model(server.spec(NAME), Setup(tmp_path))
    assert isinstance(model, Speaker)
    messages = (Message("user", "What is the capital of France?"),)
    request = Request("a" * 64, messages, model.encode(messages), Sampling(max_tokens=12))
    pieces: list[str] = []
    done = model.speak(request, pieces.append)
    (whole,) = [one for batch in model.stream([request]) for one in batch]
    assert (done.error, done.text) == ("", whole.text)
    assert "".join(pieces) == whole.text
    assert len([piece for piece in pieces if piece]) > 3
    assert (done.prompt_tokens, done.output_tokens) == (0, 0)


def test_a_name_that_the_server_does_not_have_is_an_error(tmp_path: Path, server: Served):
    """It would answer to any, and say that it is the one that was asked for."""
    with pytest.raises(ModelError, match="answers as 'smolm2', but it has no such model") as caught:
        open_model(server.spec("smolm2"), Setup(tmp_path))
    assert "Did you mean 'smollm2'? It has: smollm2." in caught.value.hint


def test_its_software_is_told_and_another_version_is_another_model(tmp_path: Path, server: Served):
    info = open_model(server.spec(NAME), Setup(tmp_path)).info
    assert re.fullmatch(r"llama-cpp-python \d+\.\d+\.\d+", dict(info.details)["software"])
    book = next(tmp_path.rglob("servers.json"))
    text = book.read_text(encoding="utf-8")
    book.write_text(re.sub(r"(llama-cpp-python )[\d.]+", r"\g<1>9.9.9", text), encoding="utf-8")
    assert open_model(server.spec(NAME), Setup(tmp_path)).info.identity != info.identity


def test_what_does_not_fit_is_an_error_and_no_score(tmp_path: Path, server: Served):
    workspace = emails(tmp_path, server.spec(NAME), sampling="{max_tokens: 4}")
    workspace.write("prompts/brief.j2", "word " * CONTEXT + "{{ body }}")
    result = workspace.run(limit=2)
    assert result.errors == 2
    for sample in workspace.samples(result.run_id):
        assert sample.completion is not None
        if sample.candidate.startswith("brief"):
            assert f"maximum context length is {CONTEXT} tokens" in sample.completion.error
            assert all(score.value is None for score in sample.scores.values())


class Killer(Notes):
    """Kills a server once some of its outputs are stored."""

    def __init__(self, server: Served, after: int) -> None:
        super().__init__()
        self.server, self.after = server, after

    def generated(self, batch: list[Completion]) -> None:
        """See Watcher."""
        super().generated(batch)
        if sum(map(len, self.batches)) == self.after:
            self.server.kill()


def test_a_server_that_dies_leaves_errors_and_the_same_command_asks_for_what_is_missing(
    tmp_path: Path,
):
    log = tmp_path / "log"
    server = start(log)
    try:
        workspace = emails(tmp_path, server.spec(NAME), sampling="{max_tokens: 8}")
        result = workspace.run(Killer(server, 3))
        found = outputs(workspace, result)
        lost = [one for one in found if one.error]
        assert 0 < result.errors == len(lost) <= OUTPUTS - 3
        assert all("cannot be reached, or hung up" in one.error for one in lost)
        failed = [one for one in workspace.samples(result.run_id) if one.completion in lost]
        assert all(score.value is None for one in failed for score in one.scores.values())
        server = start(log, server.port)
        again = workspace.run()
        assert (again.run_id, again.generated, again.errors) == (result.run_id, len(lost), 0)
    finally:
        server.kill()
