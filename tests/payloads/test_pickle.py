"""Pickles and remote code: nothing that comes with a checkpoint is ever executed.

Each payload writes a file when it runs. A command is given each of them; afterwards that file must
not be there, and either the command said what is wrong, or it did its work without the payload.
"""

from __future__ import annotations

import io
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from huggingface_hub.utils import filter_repo_objects
from safetensors.numpy import save_file

from promptbench.error import RunError
from promptbench.model.local.checkpoint import PICKLES as PICKLED
from promptbench.model.local.hub import WANTED
from promptbench.tune import course
from promptbench.tune.finetune import partial
from tests.errors.checkpoint import WIDTH
from tests.errors.workspace import MODEL, RUN, SUITE, VALIDATE, Entry, happen, suite
from tests.run.workspace import Workspace
from tests.tune.conftest import bases, one_thread, toy
from tests.tune.test_resume import Interrupting, train

__all__ = ["bases", "one_thread", "toy"]

MARK = "it-ran"
SPEC = "./checkpoints/tiny"

Harm = Callable[[Path], Any]


class Running:
    """Unpickling it writes the marker file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (code_for(self.mark),)


def code_for(mark: Path) -> str:
    """Python that says that it ran."""
    return f"open({str(mark)!r}, 'w').close()"


def pickled(folder: Path) -> bytes:
    return pickle.dumps({"weight": Running(mark_of(folder))})


def mark_of(folder: Path) -> Path:
    """The marker of a checkpoint in a workspace."""
    return folder.parents[1] / MARK


def zipped(folder: Path) -> bytes:
    """The same as torch.save writes it."""
    written = io.BytesIO()
    torch.save({"weight": Running(mark_of(folder))}, written)
    return written.getvalue()


def array(folder: Path) -> bytes:
    """The same in NumPy's format."""
    written = io.BytesIO()
    np.save(written, np.array([Running(mark_of(folder))], dtype=object), allow_pickle=True)
    return written.getvalue()


def instead(name: str, make: Callable[[Path], bytes] = pickled) -> Harm:
    """A file in the place of the safe weights."""

    def harm(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(make(folder))

    return harm


def beside(name: str, make: Callable[[Path], bytes] = pickled) -> Harm:
    """A file beside what is needed."""
    return lambda folder: (folder / name).write_bytes(make(folder))


def python(name: str) -> Harm:
    """A program beside what is needed."""

    def harm(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code_for(mark_of(folder)) + "\nclass Evil: pass\n", encoding="utf-8")

    return harm


def said(name: str, **settings: Any) -> Harm:
    """Keys in one of the JSON files."""

    def harm(folder: Path) -> None:
        path = folder / name
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        path.write_text(json.dumps(found | settings), encoding="utf-8")

    return harm


def indexed(name: str) -> Harm:
    """An index of the weights that names a file."""
    places = {"metadata": {}, "weight_map": {"model.norm.weight": name}}
    return lambda folder: (folder / "model.safetensors.index.json").write_text(json.dumps(places))


def both(*harms: Harm) -> Harm:
    def harm(folder: Path) -> None:
        for one in harms:
            one(folder)

    return harm


def adapter(**config: Any) -> Harm:
    """The folder becomes an adapter for a base beside it."""

    def harm(folder: Path) -> None:
        folder.rename(folder.with_name("base"))
        folder.mkdir()
        layer = "base_model.model.model.layers.0.self_attn.q_proj"
        factors = {
            f"{layer}.lora_A.weight": np.ones((2, WIDTH), np.float32),
            f"{layer}.lora_B.weight": np.ones((WIDTH, 2), np.float32),
        }
        save_file(factors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        (folder / "promptbench.json").write_text('{"base": {"spec": "./checkpoints/base"}}')
        settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["q_proj"]}
        (folder / "adapter_config.json").write_text(json.dumps(settings | config))

    return harm


def pickled_adapter(folder: Path) -> None:
    adapter()(folder)
    (folder / "adapter_model.safetensors").unlink()
    (folder / "adapter_model.bin").write_bytes(pickled(folder))


class Refused(NamedTuple):
    """A checkpoint that must be refused with these words."""

    name: str
    harm: Harm
    what: str


class Ignored(NamedTuple):
    """A checkpoint that is as good as without the payload."""

    name: str
    harm: Harm


PICKLES = "the weights are pickles ({}), which can run code when opened"
NONE = "there are no *.safetensors weights"
CODE = "wants to run Python code of its own (auto_map), which is refused"
EVIL = {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}
EVIL_TOKENIZER = {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}

REFUSED = [
    Refused(".bin", instead("pytorch_model.bin"), PICKLES.format("pytorch_model.bin")),
    Refused(".bin of torch", instead("pytorch_model.bin", zipped), "the weights are pickles"),
    Refused(".pt", instead("model.pt", zipped), PICKLES.format("model.pt")),
    Refused(".pth", instead("weights.pth", zipped), PICKLES.format("weights.pth")),
    Refused(".ckpt", instead("last.ckpt", zipped), PICKLES.format("last.ckpt")),
    Refused(".pkl", instead("model.pkl"), PICKLES.format("model.pkl")),
    Refused("parts of .bin", instead("pytorch_model-00001-of-00002.bin"), "the weights are pickle"),
    Refused("joblib", instead("model.joblib"), NONE),
    Refused("HDF5", instead("tf_model.h5"), NONE),
    Refused("Flax", instead("flax_model.msgpack"), NONE),
    Refused("NumPy", instead("weights.npy", array), NONE),
    Refused("archive of NumPy", instead("weights.npz", array), NONE),
    Refused("a pickle named .safetensors", beside("model.safetensors"), "is damaged"),
    Refused("torch's named .safetensors", beside("model.safetensors", zipped), "is damaged"),
    Refused("an index of pickles", indexed("pytorch_model.bin"), "names 'pytorch_model.bin'"),
    Refused(
        "weights by another name",
        both(
            beside("adapter_model.bin", zipped),
            said("config.json", transformers_weights="adapter_model.bin"),
        ),
        "wants its weights from adapter_model.bin",
    ),
    Refused("auto_map", both(python("evil.py"), said("config.json", auto_map=EVIL)), CODE),
    Refused("auto_map of the hub", said("config.json", auto_map={"AutoConfig": "a/b--c.D"}), CODE),
    Refused(
        "auto_map inside",
        both(python("evil.py"), said("config.json", text_config={"auto_map": EVIL})),
        CODE,
    ),
    Refused(
        "a tokenizer's class",
        both(
            python("evil.py"),
            said("tokenizer_config.json", tokenizer_class="Evil", auto_map=EVIL_TOKENIZER),
        ),
        "the tokenizer cannot be loaded",
    ),
    Refused(
        "a kernel", said("config.json", attn_implementation="a/b"), "a kernel of the hub (a/b)"
    ),
    Refused("a hidden kernel", said("config.json", _attn_implementation="a/b"), "a kernel of the"),
    Refused("an unknown architecture", said("config.json", model_type="evil"), "evil"),
    Refused("an adapter's pickle", pickled_adapter, "the adapter's weights are a pickle"),
    Refused(
        "an adapter's package",
        adapter(megatron_config={"a": 1}, megatron_core="evil"),
        "wants to import a package of its choice",
    ),
    Refused("a tokenizer that is a pickle", beside("tokenizer.json"), "tokenizer"),
]

IGNORED = [
    Ignored("pickles beside the weights", beside("pytorch_model.bin", zipped)),
    Ignored("training_args.bin", beside("training_args.bin", zipped)),
    Ignored("optimizer.pt", beside("optimizer.pt", zipped)),
    Ignored("scheduler.pt", beside("scheduler.pt", zipped)),
    Ignored("rng_state.pth", beside("rng_state.pth", zipped)),
    Ignored("an array", beside("positions.npy", array)),
    Ignored("a model's code", python("modeling_llama.py")),
    Ignored("a tokenizer's code", python("tokenization_llama.py")),
    Ignored("a package's code", python("__init__.py")),
    Ignored("a setup", python("setup.py")),
    Ignored("code for generating", python("custom_generate/generate.py")),
    Ignored(
        "auto_map of a tokenizer of a known class",
        both(python("evil.py"), said("tokenizer_config.json", auto_map=EVIL_TOKENIZER)),
    ),
    Ignored("trust in config.json", said("config.json", trust_remote_code=True)),
    Ignored("trust of a tokenizer", said("tokenizer_config.json", trust_remote_code=True)),
    Ignored(
        "code for generating by name",
        both(python("evil.py"), said("generation_config.json", custom_generate="evil")),
    ),
    Ignored("an adapter's library", adapter(auto_mapping={"parent_library": "evil"})),
]


def given(harm: Harm, arguments: tuple[str, ...] = RUN) -> tuple[int, str, bool]:
    """Exit code, message, and whether the payload ran."""
    ran: list[bool] = []

    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        harm(workspace / MODEL)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        return list(arguments)

    with pytest.MonkeyPatch.context() as patch:
        # The workspace is gone when `happen` comes back: look before.
        patch.setattr(shutil, "rmtree", looking(shutil.rmtree, ran))
        outcome = happen(Entry("payload", "gave a hostile checkpoint", prepare))
    assert ran, "nobody looked"
    return outcome.code, outcome.message, any(ran)


def looking(remove: Callable[..., None], ran: list[bool]) -> Callable[..., None]:
    """`shutil.rmtree`, which notes whether the folder holds the marker."""

    def look(path: Any, *arguments: Any, **settings: Any) -> None:
        ran.append((Path(path) / MARK).exists())
        remove(path, *arguments, **settings)

    return look


@pytest.mark.parametrize("make", [pickled, zipped, array])
def test_the_payloads_are_real(tmp_path: Path, make: Callable[[Path], bytes]):
    """Opened without care, each runs: else its not running would say nothing."""
    content = make(tmp_path / "checkpoints" / "tiny")
    if make is pickled:
        pickle.loads(content)
    elif make is zipped:
        torch.load(io.BytesIO(content), weights_only=False)
    else:
        np.load(io.BytesIO(content), allow_pickle=True)
    assert (tmp_path / MARK).exists()


def test_the_programs_are_real(tmp_path: Path):
    folder = tmp_path / "checkpoints" / "tiny"
    folder.mkdir(parents=True)
    python("evil.py")(folder)
    exec((folder / "evil.py").read_text(encoding="utf-8"), {})
    assert (tmp_path / MARK).exists()


@pytest.mark.parametrize("payload", REFUSED, ids=lambda payload: payload.name)
def test_what_would_run_is_refused_with_exit_code_2(payload: Refused):
    code, message, ran = given(payload.harm)
    assert not ran
    assert code == 2, message
    assert payload.what in message
    assert message.count("error: ") == 1 and "Traceback" not in message


@pytest.mark.parametrize("payload", IGNORED, ids=lambda payload: payload.name)
def test_what_nobody_asks_for_is_never_opened(payload: Ignored):
    code, message, ran = given(payload.harm)
    assert not ran
    assert code == 0, message


def own_metric(folder: Path) -> None:
    """A metric of the suite's own, which says so when it is imported."""
    python("evil.py")(folder)
    with (folder / "evil.py").open("a", encoding="utf-8") as file:
        file.write("def score(text, case): return 1.0\n")
    path = folder.parents[1] / SUITE
    own = path.read_text().replace("- rougeL", "- rougeL\n  - ../checkpoints/tiny/evil.py:score")
    path.write_text(own, encoding="utf-8")


def test_the_only_code_is_a_metric_of_the_suite_s_own_inside_the_workspace():
    """What a suite's author is trusted with; and a look at the marker that sees it."""
    assert given(own_metric) == (0, given(lambda folder: None)[1], True)


LOOKING = [
    VALIDATE,
    ("validate", SUITE, "--model", f"./{MODEL}"),
    ("render", SUITE, "--prompt", "plain", "--case", "email-1"),
    ("anatomy", f"./{MODEL}", "--suite", SUITE),
]


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_who_only_looks_at_a_suite_runs_nothing_of_it(arguments: tuple[str, ...]):
    assert given(own_metric, arguments) == (0, given(lambda folder: None, arguments)[1], False)


# A suite cannot switch code on.

TRUST = {
    "at the top": ("primary: rougeL", "primary: rougeL\ntrust_remote_code: true"),
    "of a model": (f"[{SPEC}]", f"[{{model: {SPEC}, trust_remote_code: true}}]"),
    "of a server": (f"[{SPEC}]", "[{model: 'openai:a', server: {trust_remote_code: true}}]"),
    "of the sampling": ("{max_tokens: 4}", "{max_tokens: 4, custom_generate: evil}"),
}


@pytest.mark.parametrize("name", TRUST)
def test_a_suite_cannot_allow_code(name: str):
    outcome = happen(Entry(name, "allowed code", suite(*TRUST[name])))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {SUITE}:")
    assert "unknown key '" in outcome.message


def test_there_is_no_such_option():
    outcome = happen(Entry("option", "allowed code", lambda *_: [*VALIDATE, "--trust-remote-code"]))
    assert outcome.code == 2
    assert "--trust-remote-code" in outcome.message


HUB = [
    "pytorch_model.bin",
    "model.pt",
    "weights.pth",
    "last.ckpt",
    "model.pkl",
    "training_args.bin",
    "modeling_evil.py",
    "custom_generate/generate.py",
    "tf_model.h5",
    "flax_model.msgpack",
    "weights.npy",
    "model.gguf",
    "setup.sh",
]


def test_pickles_and_programs_are_not_even_fetched_from_the_hub():
    assert list(filter_repo_objects(HUB, allow_patterns=WANTED)) == []


# A training that is gone on with.


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_saved_state_is_not_executed(toy: Workspace, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    with pytest.raises(KeyboardInterrupt):
        train(toy, Interrupting(3), name="x")
    folder = toy.folder / "checkpoints" / "x"
    (path,) = partial(folder).glob(f"checkpoint-*/{name}")
    path.write_bytes(zipped(folder))
    with pytest.raises(RunError, match="wants to run code: it was not opened") as caught:
        train(toy, Interrupting(), name="x")
    assert "--fresh" in caught.value.hint
    assert not mark_of(folder).exists()


def test_the_arguments_of_a_saved_training_are_not_read(
    toy: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    with pytest.raises(KeyboardInterrupt):
        train(toy, Interrupting(3), name="x")
    folder = toy.folder / "checkpoints" / "x"
    (path,) = partial(folder).glob("checkpoint-*")
    (path / "training_args.bin").write_bytes(zipped(folder))
    train(toy, Interrupting(), name="x")
    assert not mark_of(folder).exists()


def test_what_a_training_leaves_is_no_pickle(toy: Workspace):
    found = train(toy, Interrupting(), name="x")
    assert not {path.suffix for path in found.folder.rglob("*")} & PICKLED


def test_count():
    assert (len(REFUSED), len(IGNORED), len(TRUST), len(HUB)) == (26, 16, 4, 13)
    assert len(LOOKING) == 4
