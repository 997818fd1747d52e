"""Checkpoints behind `transformers serve`, asked by a run: what docs/serving.md says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from promptbench.error import ModelError
from promptbench.model.local.convert import converted, is_ready
from promptbench.model.protocol import Setup, Speaker
from promptbench.model.spec import cache_folder, open_model
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Message, Request, Sampling
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from tests.end_to_end.beside import (
    BASE,
    TEMPLATE,
    agree,
    ask,
    codes,
    emails,
    outputs,
    settled,
    texts,
    told,
)
from tests.end_to_end.served import Killer, Served, serving, start
from tests.model.tiny import SIZES
from tests.run.workspace import Notes
from tests.tune.toy import PATH, tune

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "serving.md"
CASES = 12


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The server computes beside this process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def smollm2() -> Path:
    """The embedded model's folder."""
    if not is_ready(EMBEDDED["smollm2"], cache_folder()):
        pytest.skip("the embedded model is not installed: promptbench models pull smollm2")
    return converted(EMBEDDED["smollm2"], cache_folder(), lambda message: None)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of any folder that a request names."""
    with serving(tmp_path_factory.mktemp("served") / "log") as served:
        yield served


@pytest.fixture(autouse=True)
def own_book(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What servers say is written down beside the test, not in the user's cache."""
    if "smollm2" in request.fixturenames:
        request.getfixturevalue("smollm2")  # which lies in the user's
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


def test_a_served_model_writes_what_the_local_engine_writes(
    tmp_path: Path, server: Served, smollm2: Path
):
    models = (str(smollm2), server.spec(smollm2))
    workspace = emails(tmp_path, *models, sampling="{max_tokens: 22}")
    found = agree(workspace, workspace.run(limit=3))
    assert {one.finish_reason for one in found} == {"stop", "length"}
    assert len({one.text for one in found}) > 3


def test_what_follows_a_stop_string_is_cut_off(tmp_path: Path, server: Served, smollm2: Path):
    models = (str(smollm2), server.spec(smollm2))
    workspace = emails(tmp_path, *models, sampling="{max_tokens: 16, stop: [' on', ' date']}")
    result = workspace.run(limit=3)
    found = agree(workspace, result)
    assert "stop_string" in {one.finish_reason for one in found}


def test_an_answer_is_heard_as_it_comes(tmp_path: Path, server: Served, smollm2: Path):
    """The server streams the stop string too, which is neither heard nor stored."""
    model = open_model(server.spec(smollm2), Setup(tmp_path))
    assert isinstance(model, Speaker)
    messages = (Message("user", "What is the capital of France?"),)
    sampling = Sampling(max_tokens=24, stop=(" Paris",))
    request = Request("a" * 64, messages, model.encode(messages), sampling)
    pieces: list[str] = []
    done = model.speak(request, pieces.append)
    (whole,) = [one for batch in model.stream([request]) for one in batch]
    assert told(done) == told(whole)
    assert "".join(pieces) == done.text == "The capital of France is"
    assert len([piece for piece in pieces if piece]) > 3


def test_plain_text_goes_through_completions(tmp_path: Path, server: Served):
    workspace = codes(tmp_path, template="")
    spec = server.spec(workspace.folder / BASE, "completions")
    found = agree(workspace, ask(workspace, f"./{BASE}", spec))
    assert len({one.text for one in found}) > 3


@pytest.mark.parametrize("prefix", ["openai", "completions"])
def test_log_probabilities_are_not_to_be_had(tmp_path: Path, server: Served, prefix: str):
    workspace = codes(tmp_path)
    spec = server.spec(workspace.folder / BASE, prefix)
    result = ask(workspace, spec, sampling="{max_tokens: 2, logprobs: true}")
    assert result.errors == CASES
    for sample in workspace.samples(result.run_id):
        assert sample.completion is not None
        assert "gives no log-probabilities" in sample.completion.error
        assert all(score.value is None for score in sample.scores.values())


def test_an_answer_that_ends_at_the_limit_counts_as_cut_off(tmp_path: Path, server: Served):
    workspace = codes(tmp_path, initializer_range=SIZES["initializer_range"])
    found = outputs(workspace, ask(workspace, f"./{BASE}"))
    length = next(one.output_tokens for one in found if one.finish_reason == "stop")
    spec, sampling = server.spec(workspace.folder / BASE), f"{{max_tokens: {length}}}"
    result = ask(workspace, f"./{BASE}", spec, sampling=sampling)
    local, served = (outputs(workspace, result, served=served) for served in (False, True))
    reasons = {(a.finish_reason, b.finish_reason) for a, b in zip(local, served, strict=True)}
    assert ("stop", "length") in reasons
    assert ("length", "stop") not in reasons


def test_a_template_without_a_beginning_gets_none(tmp_path: Path, server: Served):
    workspace = codes(tmp_path, template=TEMPLATE.removeprefix("{{ bos_token }}"))
    spec = server.spec(workspace.folder / BASE)
    result = ask(workspace, f"./{BASE}", spec)
    local, served = (outputs(workspace, result, served=served) for served in (False, True))
    assert [one.prompt_tokens + 1 for one in served] == [one.prompt_tokens for one in local]


def test_a_chat_needs_a_template(tmp_path: Path, server: Served):
    workspace = codes(tmp_path, template="")
    with pytest.raises(ModelError, match="answered 500"):
        ask(workspace, server.spec(workspace.folder / BASE))


def test_a_prompt_that_is_too_long_is_found_out_afterwards(tmp_path: Path, server: Served):
    workspace = codes(tmp_path)
    workspace.write("prompts/codes.j2", "w10 " * 300 + "{{ text }}")
    spec = server.spec(workspace.folder / BASE)
    with pytest.raises(ModelError, match="more than the context of 256"):
        ask(workspace, f"./{BASE}")
    assert ask(workspace, spec).errors == 0
    workspace.edit(PATH, "retries: 0", "retries: 0, context: 256")
    result = run_suite(workspace.folder / PATH, Options(fresh=True), Notes())
    assert result.errors == CASES
    for one in outputs(workspace, result):
        assert "more than the context of 256" in one.error


def test_settings_of_the_checkpoint_hold_for_greedy_answers(tmp_path: Path, server: Served):
    workspace = codes(tmp_path)
    agree(workspace, ask(workspace, f"./{BASE}", server.spec(workspace.folder / BASE)))
    folder = settled(workspace, repetition_penalty=1.5)
    plain = texts(workspace, ask(workspace, f"./{BASE}"))
    assert texts(workspace, ask(workspace, f"./checkpoints/{folder.name}")) == plain
    assert texts(workspace, ask(workspace, server.spec(folder))) != plain


@pytest.mark.parametrize("draws", [False, True])
def test_a_temperature_draws_only_where_the_checkpoint_says_so(
    tmp_path: Path, server: Served, draws: bool
):
    workspace = codes(tmp_path)
    folder = workspace.folder / BASE
    greedy = texts(workspace, ask(workspace, server.spec(folder)))
    if draws:
        folder = settled(workspace, do_sample=True, top_k=0)
    sampling = "{max_tokens: 12, temperature: 1.0, seed: 5}"
    drawn = ask(workspace, server.spec(folder), sampling=sampling)
    again = ask(workspace, server.spec(folder), sampling=sampling, fresh=True)
    assert (texts(workspace, drawn) != greedy) == draws
    assert texts(workspace, again) == texts(workspace, drawn)
    assert again.generated == CASES


def test_a_checkpoint_is_served_as_it_is(tmp_path: Path, server: Served):
    workspace = codes(tmp_path)
    tuned = tune(workspace, method="full", epochs=1, batch=8)
    agree(workspace, ask(workspace, tuned.spec, server.spec(tuned.folder)))


def test_an_adapter_is_served_after_it_is_merged(
    tmp_path: Path, server: Served, monkeypatch: pytest.MonkeyPatch
):
    workspace = codes(tmp_path)
    tuned = tune(workspace, name="mine", method="lora", epochs=1, batch=8, learning_rate=2e-2)
    with pytest.raises(ModelError, match="answered 500"):
        ask(workspace, server.spec(tuned.folder))
    monkeypatch.chdir(workspace.folder)
    exec(example("open_model"), {})
    spec = server.spec(workspace.folder / "checkpoints" / "mine-merged")
    found = agree(workspace, ask(workspace, tuned.spec, spec))
    assert [one.text for one in found] != texts(workspace, ask(workspace, f"./{BASE}"))


def example(word: str) -> str:
    """The guide's Python that has a word in it."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return str(found)


def test_a_server_that_dies_leaves_errors_and_the_same_command_asks_for_what_is_missing(
    tmp_path: Path,
):
    workspace = codes(tmp_path)
    log = tmp_path / "log"
    server = start(log, BASE, workspace.folder)
    try:
        with pytest.raises(ModelError, match="answered 400: Server is pinned to"):
            ask(workspace, server.spec("checkpoints/other"))
        result = ask(workspace, f"./{BASE}", server.spec(BASE), watcher=Killer(server, CASES))
        found = outputs(workspace, result, served=True)
        lost = [one for one in found if one.error]
        # One request at a time, and a few wait: the others were not sent before it was killed.
        assert 0 < len(found) - len(lost) <= 4
        assert len(lost) == result.errors
        assert all("cannot be reached, or hung up" in one.error for one in lost)
        assert {one.text for one in lost} == {""}
        failed = [one for one in workspace.samples(result.run_id) if one.completion in lost]
        assert all(score.value is None for one in failed for score in one.scores.values())
        server = start(log, BASE, workspace.folder, server.port)
        again = run_suite(workspace.folder / PATH, Options(), Notes())
    finally:
        server.kill()
    assert (again.run_id, again.generated, again.errors) == (result.run_id, len(lost), 0)
    agree(workspace, again)
