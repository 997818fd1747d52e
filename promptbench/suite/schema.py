"""The shape of a suite file, as pydantic models; the exported JSON Schema is made from them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from promptbench.suite.chat import MemoryEntry, ToneEntry, UserEntry
from promptbench.suite.strict import Name, Strict, Text


class DataFile(Strict):
    """Where the cases lie and which of their fields mean what."""

    test: Text = Field(description="File of the cases that are judged (.jsonl, .csv or .tsv).")
    dev: Text | None = Field(None, description="File of the cases to improve prompts on.")
    train: Text | None = Field(None, description="File for few-shot examples and fine-tuning.")
    id: Text = Field("id", description="Field that names a case; without it, its line does.")
    references: list[Text] = Field(
        ["references"], description="Field or fields with the reference answers."
    )
    cluster: Text | None = Field(
        None, description="Field that groups dependent cases: a thread, a user, a document."
    )
    turns: Text = Field("turns", description="For task: chat. Field with a dialogue's turns.")


class Examples(Strict):
    """Few-shot examples, drawn from the train split; a template sees them as `examples`."""

    count: int = Field(3, ge=1, le=64, description="How many.")
    seed: int = Field(0, ge=0, description="Which ones: the same seed draws the same examples.")
    max_characters: int | None = Field(
        None, ge=1, description="Draw only from train cases whose variables are no longer."
    )


class PromptFile(Strict):
    """A prompt template, or several by a pattern such as `prompts/email/*.j2`."""

    file: Text = Field(description="The template's path, from the suite file.")
    name: Name | None = Field(None, description="Its name in the report; by default the file's.")
    examples: Examples | None = Field(None, description="Few-shot examples for this prompt.")


class PriceEntry(Strict):
    """What a million tokens cost."""

    input: float = Field(ge=0, allow_inf_nan=False, description="A million tokens of the prompt.")
    output: float = Field(ge=0, allow_inf_nan=False, description="A million tokens of the output.")


class ServerEntry(Strict):
    """How a server is used. Keys are not for a suite: they come from the environment."""

    concurrency: int = Field(8, ge=1, le=1024, description="Requests at once.")
    requests_per_minute: int | None = Field(None, ge=1, description="The service's limit.")
    tokens_per_minute: int | None = Field(None, ge=1, description="The service's limit.")
    timeout: float = Field(120.0, gt=0, le=86_400, description="Seconds for a whole answer.")
    retries: int = Field(6, ge=0, le=100, description="Tries after the first.")
    context: int | None = Field(
        None, ge=1, description="Tokens of prompt and output together; Ollama is told it."
    )
    served: Text | None = Field(
        None, description="The name that the server answers under, if it is not the one asked for."
    )
    price: PriceEntry | None = Field(None, description="For costs, and for --max-cost.")
    batch: bool = Field(
        False, description="Use the service's batch endpoint: half the price, within a day."
    )


class ModelEntry(Strict):
    """A model, and how it is to compute where that is not left to promptbench."""

    model: Text = Field(description="Its spec: smollm2, ./checkpoints/x, hf:org/name.")
    name: Name | None = Field(None, description="Its name in the report; by default its spec.")
    device: Literal["cpu", "cuda"] | None = Field(
        None, description="Where it computes; by default a GPU if there is one."
    )
    precision: Literal["float32", "bfloat16", "float16", "int8"] | None = Field(
        None,
        description="By default float32 on a CPU and bfloat16 on a GPU. int8 is faster and smaller"
        " on a CPU, and answers a little differently.",
    )
    server: ServerEntry | None = Field(None, description="For a model behind an API.")


class SamplingSettings(Strict):
    """How the answer is found. Temperature 0 is greedy."""

    name: Name | None = Field(None, description="Its name, where a suite compares several.")
    answer: Literal["written", "likelihood"] | None = Field(
        None,
        description="likelihood: the label that the model finds likeliest, without writing (for"
        " `task: classify`, where it is the default); written: what it writes.",
    )
    normalise: Literal["none", "tokens", "characters"] = Field(
        "none",
        description="For answer: likelihood. Compare the labels' log-likelihoods as they are, or"
        " a token or a character, so that long labels have a chance.",
    )
    max_tokens: int = Field(256, ge=1, le=100_000, description="Output tokens at most.")
    temperature: float = Field(0.0, ge=0, le=10, description="0: always the likeliest token.")
    top_p: float = Field(1.0, gt=0, le=1, description="Share of the likeliest tokens to draw from.")
    top_k: int = Field(0, ge=0, description="0: no limit.")
    repetition_penalty: float = Field(1.0, gt=0, le=10, description="1: no penalty.")
    stop: list[Text] = Field(default_factory=list, description="Output ends before any of these.")
    seed: int = Field(0, ge=0, description="Seed of the sampling.")
    logprobs: bool = Field(False, description="Keep the log-probability of each token written.")


class GateEntry(Strict):
    """A claim that a run must bear out: a bound on a metric, or no loss against another run."""

    rule: Text | None = Field(
        None, description="The gate in words, such as `rougeL >= 0.25`, in place of all the rest."
    )
    metric: Text | None = Field(None, description="The metric; by default the primary one.")
    at_least: float | None = Field(None, description="The figure must reach this.")
    at_most: float | None = Field(None, description="The figure must not exceed this.")
    not_worse_than: Text | None = Field(
        None, description="The id of an earlier run, or latest: the newest one of this suite."
    )
    by: float | None = Field(
        None, ge=0, description="For not_worse_than: a loss up to this is none; 0 by default."
    )
    on: Literal["interval", "mean"] | None = Field(
        None,
        description="For at_least and at_most. interval: the end of the 95% interval that is"
        " against the claim must keep the bound (the default); mean: the mean must.",
    )
    candidate: Text | None = Field(
        None, description="best (by default the best-ranked), all, or a candidate's name."
    )


class SuiteFile(Strict):
    """A promptbench suite: data, prompts, models, metrics and gates."""

    suite: Name = Field(description="The suite's name.")
    description: str = Field("", description="One sentence for the report.")
    task: Literal["generate", "classify", "chat"] = Field(
        "generate",
        description="What the model does: write a text, name one of `labels`, or talk.",
    )
    labels: dict[Text, list[Text]] | None = Field(
        None,
        description="For task: classify. The labels, or each with the words that a model may use"
        " for it, such as `positive: [good, great]`.",
    )
    parser: Literal["exact", "first", "last"] = Field(
        "first",
        description="For task: classify. How a written answer is read: exact, if it is a label and"
        " nothing else; first or last, by the first or last label that occurs in it.",
    )
    data: DataFile = Field(description="The files of the cases, `test:` at least.")
    prompts: list[PromptFile] = Field(
        min_length=1, description="Template files, such as ../prompts/email/*.j2."
    )
    models: list[ModelEntry] = Field(
        min_length=1,
        description="Model specs: smollm2, ./checkpoints/x, hf:org/name.",
    )
    sampling: list[SamplingSettings] = Field(
        default_factory=lambda: [SamplingSettings()], min_length=1
    )
    metrics: list[Any] = Field(
        min_length=1, description="What is measured, such as rougeL or words: {max: 60}."
    )
    memory: list[MemoryEntry] = Field(
        default_factory=list,
        description="For task: chat. What of a dialogue comes back into a prompt, such as all,"
        " none, last: 6; several are compared. By default all.",
    )
    tone: list[ToneEntry] = Field(
        default_factory=list,
        description="For task: chat. What a prompt sees as `tone`, by the mood of the user.",
    )
    user: UserEntry | None = Field(
        None, description="For task: chat. Who plays the user of a dialogue that has a goal."
    )
    primary: Text | None = Field(
        None, description="The metric that ranks the candidates; by default the first."
    )
    repeats: int = Field(1, ge=1, le=1000, description="Outputs for each case.")
    gates: list[GateEntry] = Field(
        default_factory=list,
        description="What a run must bear out, such as `rougeL >= 0.25`; else its exit code is 1.",
    )


def suite_schema(metrics: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a suite file, short forms included.

    `metrics` is the schema of the metrics list, which the metric package knows.
    """
    schema = SuiteFile.model_json_schema()
    properties = schema["properties"]
    defs = schema.setdefault("$defs", {})
    defs |= metrics.get("$defs", {})
    properties["metrics"] = {key: value for key, value in metrics.items() if key != "$defs"}
    properties["prompts"]["items"] = {
        "anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/PromptFile"}]
    }
    properties["models"]["items"] = {
        "anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/ModelEntry"}]
    }
    properties["gates"]["items"] = {
        "anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/GateEntry"}]
    }
    memory = {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/MemoryEntry"}]}
    properties["memory"] = {
        "anyOf": [*memory["anyOf"], {"type": "array", "items": memory}],
        "description": properties["memory"]["description"],
    }
    one = {"$ref": "#/$defs/SamplingSettings"}
    properties["sampling"] = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    labels = properties["labels"]
    names = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2}
    labels["anyOf"] = [names, *labels["anyOf"]]
    fields = defs["DataFile"]["properties"]
    short: dict[str, Any] = {"type": "string", "minLength": 1}
    many = {"type": "array", "items": short}
    fields["references"] = {
        "anyOf": [short, many],
        "default": "references",
        "title": fields["references"]["title"],
        "description": fields["references"]["description"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "promptbench suite",
    }
