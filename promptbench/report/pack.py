"""Pack the cases and outputs of a run for the page's script: each text once, all compressed.

The script unpacks them when it is first asked for a case, so that a page of 50,000 outputs opens
as fast as a small one. The form, as JSON (the page's lib.js reads it):

    texts    every text that occurs, once; elsewhere a text is its place in this list
    cases    [id, cluster, [[name, text] a variable], [text a reference]]
    outputs  for each candidate in the page's order, for each case in file order, for each repeat:
             null, or [text, [value a metric], ending, prompt tokens, output tokens, seconds, more]
    kinds    [role, section] of a prompt's pieces, each once; no role: the chat template's
    prompts  [[[kind, text] a piece], [[kind, text] a piece of the messages]] as a model saw them;
             the second list is empty where the messages stand in the prompt as they were

`more` is an object with what few outputs have: `error`; `why`, from a metric's place to the reason
that there is no value; `said`, what metrics remark of values that they did give; `choices`, the
log-likelihood of every label; `prompt`, a place in `prompts`; `facts`, [start, end, kind] with
kinds of marked.py; `tokens`, [length of what each token wrote, its log-probability]. Places in a
text count UTF-16 units. A value that is not there is null. All places count from 0.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptbench.record import Case, Completion, Run, Sample, Seen
from promptbench.report.grid import Grid, reason, remarks, value
from promptbench.report.marked import Place, Span, mark_facts
from promptbench.report.offset import in_utf16
from promptbench.report.sent import Sent, written

LEVEL = 9
# More digits than a report shows; a double has 17, which compress badly.
DIGITS = 6


@dataclass(slots=True)
class Texts:
    """Every text once, under the place at which it was first put down."""

    places: dict[str, int] = field(default_factory=dict)

    def put(self, text: str) -> int:
        """The place of a text."""
        return self.places.setdefault(text, len(self.places))


@dataclass(slots=True)
class Packer:
    """Turns records into the lists that the script reads."""

    run: Run
    texts: Texts = field(default_factory=Texts)
    facts: Mapping[Place, list[Span]] = field(default_factory=dict)
    sent: Sent = field(init=False)

    def __post_init__(self) -> None:
        """Prompts share the texts."""
        self.sent = Sent(self.texts.put)

    def case(self, case: Case) -> list[Any]:
        """A case: what the candidates were given, and what they are held against."""
        variables = [
            [str(name), self.texts.put(written(each))] for name, each in case.variables.items()
        ]
        references = [self.texts.put(text) for text in case.references]
        return [case.id, case.cluster, variables, references]

    def output(self, sample: Sample) -> list[Any] | None:
        """An output; None where there is none yet."""
        done = sample.completion
        if done is None:
            return None
        return [
            self.texts.put(done.text),
            [rounded(value(sample, metric.name)) for metric in self.run.metrics],
            done.finish_reason,
            done.prompt_tokens,
            done.output_tokens,
            round(done.seconds, 3),
            self.more(sample, done),
        ]

    def more(self, sample: Sample, done: Completion) -> dict[str, Any]:
        """What only some outputs have."""
        why = {
            str(place): reason(sample, metric.name)
            for place, metric in enumerate(self.run.metrics)
            if not done.error and value(sample, metric.name) is None
        }
        said = list(remarks(sample))
        choices = [rounded(each) for each in done.choices]
        found = {
            "error": done.error,
            "why": why,
            "said": said,
            "choices": choices,
            "facts": self.facts.get((sample.candidate, sample.case_id, sample.repeat)),
            "tokens": tokens(done),
        }
        more = {name: each for name, each in found.items() if each}
        return more | self.sent.place(done.key)


def pack(run: Run, grid: Grid, names: Sequence[str], prompts: Iterable[Seen] = ()) -> str:
    """The cases and outputs of the candidates, compressed (zlib) and in base64."""
    packer = Packer(run, facts=mark_facts(run, grid))
    cases = [packer.case(case) for case in grid.cases]
    packer.sent.add(prompts, grid)
    outputs = [
        [[packer.output(sample) for sample in grid.cells[name, case.id]] for case in grid.cases]
        for name in names
    ]
    content = {
        "texts": list(packer.texts.places),
        "cases": cases,
        "outputs": outputs,
        "kinds": list(packer.sent.kinds),
        "prompts": list(packer.sent.prompts),
    }
    return compressed(content)


def tokens(done: Completion) -> tuple[list[int], list[float]] | None:
    """How much each token wrote, and how likely it was; None where that is not known."""
    if not done.ends or len(done.ends) != len(done.logprobs):
        return None
    ends = in_utf16(done.text, done.ends)
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return lengths, [round(each, 2) for each in done.logprobs]


def compressed(content: Any) -> str:
    """JSON, compressed and in base64."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode("ascii"), LEVEL)).decode("ascii")


def rounded(number: float | None) -> float | None:
    """A number with as many digits as a page can use."""
    return None if number is None else float(f"{number:.{DIGITS}g}")
