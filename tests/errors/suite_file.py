"""Mistakes in the suite file itself."""

from __future__ import annotations

from pathlib import Path

from pytest import MonkeyPatch

from tests.errors.workspace import (
    DATA,
    RUN,
    SUITE,
    SUITE_TEXT,
    VALIDATE,
    Entry,
    command,
    file,
    put,
    suite,
)

METRICS = "metrics:\n  - rougeL\n"


def metric(line: str) -> str:
    """The metrics with one more in front."""
    return f"metrics:\n  - {line}\n  - rougeL\n"


def link_out(workspace: Path, patch: MonkeyPatch) -> list[str]:
    (workspace / DATA).unlink()
    (workspace / DATA).symlink_to("/etc/passwd")
    return list(VALIDATE)


def many_bytes(workspace: Path, patch: MonkeyPatch) -> list[str]:
    put(workspace, SUITE, SUITE_TEXT + "# filler\n" * 200_000)
    return list(VALIDATE)


ENTRIES = [
    Entry(
        "missing-suite",
        "named a suite that is not there",
        command("run", "suites/emial.yaml"),
        "suites/emial.yaml",
    ),
    Entry(
        "missing-folder",
        "named a suite in a folder that is not there",
        command("run", "suite/email.yaml"),
        "suite/email.yaml",
    ),
    Entry("suite-by-name", "named a suite without its file", command("run", "email"), "email"),
    Entry("suite-is-folder", "named a folder instead of a suite", command("run", "suites")),
    Entry("suite-is-empty", "ran an empty suite file", file(SUITE, "", RUN), f"{SUITE}:1"),
    Entry(
        "broken-yaml",
        "left a bracket open in the suite",
        suite("[./checkpoints/tiny]", "[./checkpoints/tiny"),
        f"{SUITE}:9",
    ),
    Entry(
        "tab-in-yaml",
        "indented the suite with a tab",
        suite("  test:", "\ttest:"),
        f"{SUITE}:3",
    ),
    Entry(
        "colon-in-yaml",
        "wrote a text with a colon and no quotes",
        suite("suite: email", "suite: email\ndescription: Summaries: short ones"),
        f"{SUITE}:2",
    ),
    Entry(
        "not-a-mapping",
        "wrote a list where the suite should be",
        file(SUITE, "- rougeL\n- words\n"),
        f"{SUITE}:1",
    ),
    Entry(
        "unknown-key",
        "misspelt a key of the suite",
        suite("primary:", "primry:"),
        f"{SUITE}:13",
    ),
    Entry(
        "unknown-nested-key",
        "misspelt a key inside `sampling:`",
        suite("max_tokens", "max_token"),
        f"{SUITE}:9",
    ),
    Entry(
        "unknown-key-in-list",
        "misspelt a key of the second prompt",
        suite("- file: ../", "- flie: ../"),
        f"{SUITE}:7",
    ),
    Entry(
        "missing-key",
        "left out `models:`",
        suite("models: [./checkpoints/tiny]\n", ""),
        f"{SUITE}:1",
    ),
    Entry(
        "missing-nested-key",
        "left out `test:` under `data:`",
        suite("  test: email/test.jsonl\n", ""),
        f"{SUITE}:2",
    ),
    Entry(
        "wrong-type",
        "put a number into quotes",
        suite("max_tokens: 4", 'max_tokens: "4"'),
        f"{SUITE}:9",
    ),
    Entry(
        "number-for-text",
        "gave a number where text is due",
        suite("suite: email", "suite: 2026"),
        f"{SUITE}:1",
    ),
    Entry(
        "text-for-list",
        "gave one model without brackets",
        suite("[./checkpoints/tiny]", "./checkpoints/tiny"),
        f"{SUITE}:8",
    ),
    Entry(
        "nothing-for-mapping",
        "left `data:` empty",
        suite("  test: email/test.jsonl\n  train: email/train.jsonl\n", ""),
        f"{SUITE}:2",
    ),
    Entry(
        "out-of-range",
        "set a value outside of its range",
        suite("max_tokens: 4", "max_tokens: 4, temperature: 20"),
        f"{SUITE}:9",
    ),
    Entry(
        "empty-list",
        "left a list empty",
        suite("models: [./checkpoints/tiny]", "models: []"),
        f"{SUITE}:8",
    ),
    Entry(
        "empty-text",
        "left a name empty",
        suite("primary: rougeL", 'primary: ""'),
        f"{SUITE}:13",
    ),
    Entry(
        "bad-name",
        "put a space into the suite's name",
        suite("suite: email", "suite: my emails"),
        f"{SUITE}:1",
    ),
    Entry(
        "several-mistakes",
        "made several mistakes at once",
        suite("max_tokens: 4}", "max_tokens: 0}\nrepeats: two\nprimry: rougeL"),
        f"{SUITE}:9",
    ),
    Entry(
        "duplicate-key",
        "gave a key twice",
        suite("primary: rougeL", "primary: rougeL\nmodels: [smollm2]"),
        f"{SUITE}:14",
    ),
    Entry(
        "alias",
        "used an anchor and an alias",
        suite("email/test.jsonl", "&file email/test.jsonl\n  dev: *file"),
        f"{SUITE}:3",
    ),
    Entry("tag", "used a tag", suite("primary: rougeL", "primary: !metric rougeL"), f"{SUITE}:13"),
    Entry(
        "too-deep",
        "nested lists without end",
        suite("primary: rougeL", f"primary: {'[' * 30}{']' * 30}"),
        f"{SUITE}:13",
    ),
    Entry("too-large", "wrote the cases into the suite: 2 MB", many_bytes, SUITE),
    Entry(
        "suite-not-utf-8",
        "saved the suite as Latin-1",
        file(SUITE, SUITE_TEXT.replace("email\n", "é\n", 1).encode("latin-1")),
        f"{SUITE}:1",
    ),
    Entry(
        "same-model-twice",
        "named a model twice",
        suite("[./checkpoints/tiny]", "[./checkpoints/tiny, ./checkpoints/tiny]"),
        f"{SUITE}:8",
    ),
    Entry(
        "unnamed-samplings",
        "gave several sampling settings without names",
        suite("{max_tokens: 4}", "[{max_tokens: 4}, {max_tokens: 8}]"),
        f"{SUITE}:9",
    ),
    Entry("unknown-metric", "misspelt a metric", suite("- rougeL", "- rogueL"), f"{SUITE}:11"),
    Entry(
        "metric-shape",
        "gave a metric a number instead of settings",
        suite("words: {max: 60}", "words: 60"),
        f"{SUITE}:12",
    ),
    Entry(
        "unknown-setting",
        "misspelt a metric's setting",
        suite("words: {max: 60}", "words: {maximum: 60}"),
        f"{SUITE}:12",
    ),
    Entry(
        "bad-setting",
        "gave a setting the wrong type",
        suite("words: {max: 60}", "words: {max: many}"),
        f"{SUITE}:12",
    ),
    Entry(
        "bad-choice",
        "chose what a setting does not offer",
        suite(METRICS, metric("rougeL: {references: worst, name: lowest}")),
        f"{SUITE}:11",
    ),
    Entry(
        "missing-setting",
        "left out the setting that a metric needs",
        suite(METRICS, metric("regex")),
        f"{SUITE}:11",
    ),
    Entry(
        "no-bounds",
        "gave a length without a bound",
        suite("words: {max: 60}", "words"),
        f"{SUITE}:12",
    ),
    Entry(
        "bad-regex",
        "left a bracket open in a regular expression",
        suite(METRICS, metric('regex: {pattern: "(yes|no"}')),
        f"{SUITE}:11",
    ),
    Entry(
        "judge-without-rubric",
        "asked for a judge and did not say by what it judges",
        suite(METRICS, metric("judge: {model: ./checkpoints/tiny}")),
        f"{SUITE}:11",
    ),
    Entry(
        "judge-unknown-model",
        "misspelt the model that judges",
        suite(METRICS, metric('judge: {model: smolm2, rubric: "5 = good"}')),
        f"{SUITE}:11",
    ),
    Entry(
        "judge-unknown-field",
        "let a judge see a field that no case has",
        suite(
            METRICS,
            metric('judge: {model: ./checkpoints/tiny, rubric: "5 = good", fields: [boddy]}'),
        ),
        f"{SUITE}:11",
    ),
    Entry(
        "judge-unknown-rival",
        "let a judge compare with a prompt that the suite does not have",
        suite(
            METRICS,
            metric("judge: {model: ./checkpoints/tiny, against: plane, criterion: clearer}"),
        ),
        f"{SUITE}:11",
    ),
    Entry(
        "same-metric-twice",
        "used a metric twice under one name",
        suite("words: {max: 60}", "words: {max: 60}\n  - words: {min: 5}"),
        f"{SUITE}:13",
    ),
    Entry(
        "unknown-primary",
        "ranked by a metric that the suite does not use",
        suite("primary: rougeL", "primary: rouge1"),
        f"{SUITE}:13",
    ),
    Entry(
        "path-out",
        "named a data file outside of the workspace",
        suite("email/test.jsonl", "../../emails.jsonl"),
        f"{SUITE}:3",
    ),
    Entry("link-out", "linked a data file out of the workspace", link_out, f"{SUITE}:3"),
]
