"""Which weights are kept, what memory allows, what is forgotten, and what a checkpoint holds."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree, rmtree

import pytest
import torch
import transformers
from safetensors.torch import load_file

from promptbench.error import ModelError, RunError, SuiteError
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from promptbench.suite.read import read_suite
from promptbench.tune.check import refuse_unapplied
from promptbench.tune.finetune import finetune
from promptbench.tune.forgetting import probes
from promptbench.tune.judged import dev_score
from promptbench.tune.learner import learner
from promptbench.tune.objective import Padded
from promptbench.tune.recipe import Recipe
from promptbench.tune.room import checkpointed_bytes, kept_bytes, tokens_at_once
from promptbench.tune.trainer import mean_loss
from tests.run.workspace import Notes, Workspace
from tests.tune.test_resume import Interrupting
from tests.tune.toy import CODES, LABELS, PATH, SIDES, material_of, options, tune, write_toy

RECIPE = Recipe("full", 1e-3, 1, 4, 0, 1, "none")
DEV = "suites/codes/dev.jsonl"


def overfitting(workspace: Workspace) -> None:
    """Dev's codes are swapped: it gains by what codes look like, and loses by which is whose."""
    names = list(CODES)
    swapped = dict(zip(names, [CODES[n] for n in names[1:] + names[:1]], strict=True))
    rows = [json.loads(line) for line in (workspace.folder / DEV).read_text().splitlines()]
    for number, one in enumerate(rows):
        one["references"] = [swapped[names[number % len(names)]]]
    workspace.write(DEV, "".join(json.dumps(one) + "\n" for one in rows))


def loss_on_dev(workspace: Workspace, spec: str) -> float:
    """Dev's mean loss under a checkpoint, as transformers alone loads it."""
    material = material_of(workspace)
    model = transformers.AutoModelForCausalLM.from_pretrained(workspace.folder / spec).eval()
    return mean_loss(model, material.dev, Padded(0), 10_000)


@pytest.mark.parametrize("patience", [1, 2])
def test_the_weights_of_the_best_epoch_are_kept(toy: Workspace, patience: int):
    overfitting(toy)
    tuned = tune(toy, epochs=12, batch=8, learning_rate=5e-3, patience=patience)
    said = tuned.manifest
    values = [value for _, _, value in said["looks"]]
    best = values.index(min(values))
    assert 0 <= best < len(values) - 1, "the toy does not overfit"
    assert said["best"] == best + 1
    assert len(values) == best + 1 + patience
    assert said["steps"] == {"done": 12 * len(values), "planned": 144}
    assert said["dev_loss"][1] == pytest.approx(values[best], abs=1e-6)
    assert loss_on_dev(toy, tuned.spec) == pytest.approx(values[best], abs=1e-4)


def test_without_a_watch_the_last_weights_are_kept(toy: Workspace):
    overfitting(toy)
    tuned = tune(toy, epochs=6, batch=8, learning_rate=5e-3, stop_on="none")
    watched = tune(toy, epochs=6, batch=8, learning_rate=5e-3, patience=6, name="watched")
    values = [value for _, _, value in watched.manifest["looks"]]
    assert tuned.manifest["looks"] == []
    assert tuned.manifest["best"] is None
    assert tuned.manifest["steps"] == {"done": 72, "planned": 72}
    assert loss_on_dev(toy, tuned.spec) == pytest.approx(values[-1], abs=1e-4)
    assert values[-1] > min(values) + 0.1


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_suites_metric_can_be_watched(toy: Workspace, method: str):
    rate = 5e-3 if method == "full" else 2e-2
    tuned = tune(
        toy, epochs=8, batch=8, learning_rate=rate, stop_on="metric", patience=8, method=method
    )
    values = [value for _, _, value in tuned.manifest["looks"]]
    assert len(values) == 8
    assert all(0 <= value <= 1 for value in values)
    assert max(values) >= 0.5
    assert tuned.manifest["best"] == values.index(max(values)) + 1
    result = run_suite(toy.folder / PATH, Options(models=(tuned.spec,), split="dev"), Notes())
    scores = [sample.scores["exact"].value for sample in toy.samples(result.run_id)]
    assert sum(map(float, scores)) / len(scores) == pytest.approx(max(values))
    before, after = tuned.manifest["dev_loss"]
    assert after < before


def test_what_is_watched_of_a_pooled_metric_is_the_figure_of_a_run(
    bases: dict[str, Path], tmp_path: Path
):
    suite = LABELS.replace("[accuracy]", "[macro_f1]")
    made = write_toy(tmp_path / "sides", SIDES, suite=suite)
    copytree(bases["llama"], made.folder / "checkpoints" / "base")
    found = dev_score(
        read_suite(made.folder / PATH), "codes", made.folder / "checkpoints/base", head=False
    )
    result = run_suite(made.folder / PATH, Options(split="dev"), Notes())
    assert found == result.summary.standings[0].figures["macro_f1"].estimate.mean
    right = [sample.scores["macro_f1"].value for sample in made.samples(result.run_id)]
    assert found != pytest.approx(sum(right) / len(right)), "a mean of hits is the accuracy"


def test_what_is_watched_knows_cases_of_one_text_apart(toy: Workspace):
    suite, base = read_suite(toy.folder / PATH), toy.folder / "checkpoints/base"
    result = run_suite(toy.folder / PATH, Options(split="dev"), Notes())
    said = toy.samples(result.run_id)[0].completion.text
    text = json.loads((toy.folder / DEV).read_text().splitlines()[0])["text"]
    rows = [
        {"id": name, "text": text, "references": [wanted]}
        for name, wanted in (("a", said), ("b", "another answer"))
    ]
    toy.write(DEV, "".join(json.dumps(row) + "\n" for row in rows))
    assert dev_score(suite, "codes", base, head=False) == 0.5


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (PATH, "metrics: [exact]", "metrics: [{exact: {lowercase: true}}]"),
        (DEV, '"references": ["w42 w43"]', '"references": ["w42 w43", "w42"]'),
    ],
)
def test_what_decides_a_watched_metric_decides_the_training(
    toy: Workspace, name: str, old: str, new: str
):
    """Another epoch may be kept then, so that an older checkpoint is not that of this training."""
    watching = material_of(toy, stop_on="metric").digest
    blind = material_of(toy, stop_on="none").digest
    toy.edit(name, old, new)
    assert material_of(toy, stop_on="metric").digest != watching
    assert material_of(toy, stop_on="none").digest == blind


def test_a_metric_without_a_direction_cannot_be_watched(toy: Workspace):
    toy.edit(PATH, "metrics: [exact]", "metrics: [coverage]")
    with pytest.raises(SuiteError, match="neither more nor less is better"):
        tune(toy, epochs=1, stop_on="metric")


def test_a_suite_without_dev_is_trained_to_its_end(toy: Workspace):
    toy.edit(PATH, "  dev: codes/dev.jsonl\n", "")
    watcher = Interrupting()
    tuned = finetune(toy.folder / PATH, options(epochs=2, batch=8), watcher)
    assert any("no dev split" in note for note in watcher.notes)
    assert tuned.manifest["looks"] == []
    assert tuned.manifest["dev_loss"] == [None, None]
    assert tuned.manifest["steps"] == {"done": 24, "planned": 24}


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("llama", "full"),
        ("gpt2", "lora"),
        ("t5", "lora"),
        pytest.param("llama", "lora", marks=pytest.mark.long),
        pytest.param("gpt2", "full", marks=pytest.mark.long),
        pytest.param("t5", "full", marks=pytest.mark.long),
    ],
)
def test_little_memory_recomputes_and_learns_the_same(
    bases: dict[str, Path], tmp_path: Path, kind: str, method: str
):
    workspace = write_toy(tmp_path, train=12)
    copytree(bases[kind], tmp_path / "checkpoints" / "base")
    material = material_of(workspace)
    model = learner(material.checkpoint, RECIPE, None, "cpu")
    longest = max(one.tokens for one in material.train)
    little = int(longest * (kept_bytes(model) + checkpointed_bytes(model)) / 2)
    assert not model.is_activation_checkpointing
    assert tokens_at_once(model, material.train, little) == longest
    assert model.is_activation_checkpointing
    settings = {"epochs": 2, "batch": 6, "method": method, "learning_rate": 1e-2}
    plain = tune(workspace, **settings, name="plain")
    narrow = tune(workspace, **settings, name="narrow", max_memory=little)
    if kind != "gpt2":  # whose dropout is drawn for other pieces
        assert narrow.manifest["losses"] == pytest.approx(plain.manifest["losses"], abs=1e-4)
    (one,), (other,) = (t.folder.glob("*.safetensors") for t in (plain, narrow))
    moved = load_file(other)
    for name, tensor in load_file(one).items():
        if kind != "gpt2":
            torch.testing.assert_close(moved[name], tensor, rtol=1e-3, atol=1e-3)
    assert narrow.manifest["losses"][-1] < narrow.manifest["losses"][0]


def test_too_little_memory_is_an_error_that_says_how_much_it_takes(toy: Workspace):
    with pytest.raises(ModelError, match=r"needs about .* MB .*--max-memory allows"):
        tune(toy, max_memory=1000)


def test_what_a_model_forgets_is_measured(toy: Workspace):
    said = tune(toy, epochs=4, batch=8, learning_rate=5e-3).manifest
    before, after = said["probe_loss"]
    assert said["probes"] > 0
    assert after > before + 0.5  # a tiny model that learns codes says nothing else


def test_probes_that_the_suite_holds_are_left_out():
    every = probes([])
    known = [every[0].question.upper(), f"  {every[3].answer}\n"]
    assert probes(known) == [one for n, one in enumerate(every) if n not in (0, 3)]
    assert len({one.source for one in every}) >= 2


def test_a_checkpoint_stands_alone_with_the_bases_tokenizer(toy: Workspace):
    base = toy.folder / "checkpoints" / "base"
    (base / "pytorch_model.bin").write_bytes(b"a pickle")
    (base / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.content }} {% endfor %}", encoding="utf-8"
    )
    kept = {
        path.name: path.read_bytes()
        for path in base.iterdir()
        if path.suffix in {".json", ".jinja"} and path.name != "config.json"
    }
    assert {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} <= set(kept)
    tuned = tune(toy, epochs=1, batch=8)
    found = {path.name: path for path in tuned.folder.iterdir()}
    assert set(found) == {*kept, "config.json", "model.safetensors", "promptbench.json"}
    assert {name: found[name].read_bytes() for name in kept} == kept
    rmtree(base)
    assert read_checkpoint(tuned.folder).parameters > 0
    result = run_suite(toy.folder / PATH, Options(models=(tuned.spec,)), Notes())
    assert (result.generated, result.errors) == (12, 0)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_equal_trainings_have_one_identity_and_no_path_of_the_machine(
    bases: dict[str, Path], tmp_path: Path, method: str
):
    identities = set()
    for place in ("here", "there"):
        workspace = write_toy(tmp_path / place)
        copytree(bases["llama"], workspace.folder / "checkpoints" / "base")
        tuned = tune(workspace, epochs=1, batch=8, method=method)
        identities.add(open_model(tuned.spec, Setup(workspace.folder)).info.identity)
        for path in tuned.folder.iterdir():
            assert str(tmp_path).encode() not in path.read_bytes(), path.name
    assert len(identities) == 1


def test_a_manifest_says_what_was_trained_on_what(toy: Workspace):
    said = tune(toy, epochs=2, batch=8, limit=16, seed=3).manifest
    material = material_of(toy, epochs=2, batch=8, limit=16, seed=3)
    assert said["kind"] == "finetune"
    assert said["base"] == {"spec": "./checkpoints/base", "digest": material.checkpoint.digest}
    assert said["digest"] == material.digest
    assert said["recipe"] == material.recipe.canonical()
    assert said["data"]["train"] == 16
    assert said["data"]["cases"] == [case.id for case in material.cases]
    assert said["tokens"] == 2 * sum(one.tokens for one in material.train)
    assert len(said["losses"]) == said["steps"]["done"] == 4


def test_a_diverged_training_keeps_nothing(toy: Workspace):
    with pytest.raises(RunError, match="not finite"):
        tune(toy, epochs=2, batch=8, learning_rate=1e30, name="wild")
    assert not (toy.folder / "checkpoints" / "wild").exists()


@pytest.mark.parametrize(
    ("found", "match"),
    [(2.5, "not what was trained"), (float("nan"), "not finite"), (3.0, "changed nothing")],
)
def test_a_checkpoint_that_says_something_else_is_refused(found: float, match: str):
    trained = 3.0 if match == "changed nothing" else 2.0
    with pytest.raises(RunError, match=match):
        refuse_unapplied(3.0, trained, found)
    refuse_unapplied(3.0, 2.0, 2.0)
