"""Pack the cases and outputs of a run for the page's script: each text once, all compressed.

A page of 50,000 outputs must open as fast as a small one and never stall. So what the matrix shows
comes first, a part for each candidate, and the texts follow in blocks of cases that the script
unpacks behind it. The parts are lines, each JSON under zlib and base64 (the page's data.js reads
them): the head, the figures of each candidate in the page's order, the blocks.

    head     cases: [id, cluster, [[name, text] a variable], [text a reference]]
             blocks: [first case, first text, first prompt, first dialogue] each
             texts: how many there are
             talks: for each case its dialogue's place and its turn's number, 0 outside of a chat
             rules: [name, instruction] of the tone rules that turns chose
             kinds: [role, section] of a prompt's pieces, each once; no role: the chat template's
             needs: for each case the other blocks that its texts are in, 0 for none
    figures  for each case in file order, for each repeat: null, or
             [text, [value a metric], ending, prompt tokens, output tokens, seconds, error 0 or 1]
    block    texts, prompts and talks (dialogues, see talk.py): those first met in its cases
             more: for each candidate, for each case of the block, for each repeat: `more`, 0 where
             there is nothing
    prompt   [[[kind, text] a piece], [[kind, text] a piece of the messages]] as a model saw it;
             the second list is empty where the messages stand in the prompt as they were

A text or a prompt is its place in the list of all. `more` is an object with what few outputs have:
`error`; `why`, from a metric's place to the reason that there is no value; `said`, what metrics
remark of values that they did give; `choices`, the log-likelihood of every label; `prompt`, its
place; `facts`, [start, end, kind] with kinds of marked.py; `tokens`, [length of what each token
wrote, its log-probability]. A value that is not there is null. All places count from 0; places in a
text count UTF-16 units.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from promptbench.record import Case, Completion, Run, Sample, Seen, Turn
from promptbench.report.grid import Grid, reason, remarks, value
from promptbench.report.marked import Place, Span, mark_facts
from promptbench.report.offset import in_utf16
from promptbench.report.once import Once
from promptbench.report.sent import Sent, shared, written
from promptbench.report.talk import Talks, shown, talks_of

LEVEL = 9
# More digits than a report shows; a double has 17, which compress badly.
DIGITS = 6
# A block's bounds, in characters and cases: a browser reads one in a few milliseconds.
CHARACTERS = 400_000
CASES = 250


@dataclass(slots=True)
class Packer:
    """Turns records into the lists that the script reads."""

    run: Run
    seen: Mapping[str, Seen]
    texts: Once[str] = field(default_factory=Once)
    facts: Mapping[Place, list[Span]] = field(default_factory=dict)
    talks: Talks | None = None
    sent: Sent = field(init=False)

    def __post_init__(self) -> None:
        """Prompts share the texts."""
        self.sent = Sent(self.texts.put, self.seen)

    def case(self, case: Case) -> list[Any]:
        """A case: what the candidates were given, and what they are held against."""
        given = shown(case) if self.talks else case.variables
        variables = [[str(name), self.texts.put(written(each))] for name, each in given.items()]
        references = [self.texts.put(text) for text in case.references]
        return [case.id, case.cluster, variables, references]

    def output(self, sample: Sample, given: Sequence[str]) -> list[Any] | None:
        """An output; None where there is none yet. `given` are the long texts of its case."""
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
            self.more(sample, done, given),
        ]

    def more(self, sample: Sample, done: Completion, given: Sequence[str]) -> dict[str, Any]:
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
        return more | self.sent.place(done.key, given)


def pack(
    run: Run,
    grid: Grid,
    names: Sequence[str],
    prompts: Mapping[str, Seen],
    turns: Sequence[Turn] = (),
) -> str:
    """The cases and outputs of the candidates, compressed (zlib), in base64, a part a line."""
    packer = Packer(run, prompts, facts=mark_facts(run, grid))
    if turns:
        packer.talks = talks_of(turns, grid.cases, names, run.repeats, packer.texts)
    head = {name: List() for name in ("cases", "blocks", "needs", "talks")}
    figures = [List() for _ in names]
    blocks = list(_blocks(packer, grid, names, head, figures))
    rest = {
        "texts": len(packer.texts.places),
        "kinds": list(packer.sent.kinds),
        "rules": packer.talks.told if packer.talks else [],
    }
    parts = [squeezed(object_of(head, rest)), *(squeezed(each.json()) for each in figures)]
    return "\n".join([*parts, *blocks])


def _blocks(
    packer: Packer,
    grid: Grid,
    names: Sequence[str],
    head: Mapping[str, List],
    figures: Sequence[List],
) -> Iterator[str]:
    """Give the blocks, one after the other, and fill the head and the figures on the way."""
    texts, prompts = packer.texts, packer.sent.prompts
    talks = packer.talks or talks_of((), (), names, 0, texts)
    kept: tuple[Once[Any], ...] = (texts, prompts, talks.places)
    more: list[list[Any]] = [[] for _ in names]
    first = 0
    for number, case in enumerate(grid.cases, 1):
        for each in kept:
            each.older.clear()
        head["cases"].append(packer.case(case))
        head["talks"].append(talks.place(case))
        given = shared(case)
        for name, rows, rest in zip(names, figures, more, strict=True):
            outputs = [packer.output(sample, given) for sample in grid.cells[name, case.id]]
            rows.append([_figures(output) for output in outputs])
            rest.append([(output and output[-1]) or 0 for output in outputs])
        head["needs"].append(sorted(set().union(*(each.older for each in kept))) or 0)
        full = texts.size >= CHARACTERS or number - first >= CASES
        if full or number == len(grid.cases):
            head["blocks"].append([first, *(each.starts[-1] for each in kept)])
            block = {"texts": texts.cut(), "prompts": prompts.cut(), "talks": talks.cut()}
            yield compressed({**block, "more": more})
            more, first = [[] for _ in names], number


def _figures(output: list[Any] | None) -> list[Any] | None:
    """What the matrix needs of an output: all but `more`, of which it knows only of an error."""
    return output and [*output[:-1], int("error" in output[-1])]


def tokens(done: Completion) -> tuple[list[int], list[float]] | None:
    """How much each token wrote, and how likely it was; None where that is not known."""
    if not done.ends or len(done.ends) != len(done.logprobs):
        return None
    ends = in_utf16(done.text, done.ends)
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return lengths, [round(each, 2) for each in done.logprobs]


@dataclass(slots=True)
class List:
    """A list that is written as JSON while it grows: of its entries only the text is kept."""

    file: BytesIO = field(default_factory=BytesIO)

    def append(self, entry: Any) -> None:
        """Write one more entry."""
        self.file.write(b"," if self.file.tell() else b"[")
        self.file.write(as_json(entry))

    def json(self) -> bytes:
        """The list as JSON."""
        return self.file.getvalue() + b"]" if self.file.tell() else b"[]"


def object_of(lists: Mapping[str, List], rest: Mapping[str, Any]) -> bytes:
    """An object as JSON."""
    parts = {name: each.json() for name, each in lists.items()}
    parts |= {name: as_json(each) for name, each in rest.items()}
    fields = (as_json(name) + b":" + each for name, each in parts.items())
    return b"{" + b",".join(fields) + b"}"


def compressed(content: Any) -> str:
    """JSON, compressed and in base64."""
    return squeezed(as_json(content))


def squeezed(content: bytes) -> str:
    """Bytes compressed and in base64."""
    return base64.b64encode(zlib.compress(content, LEVEL)).decode("ascii")


def as_json(content: Any) -> bytes:
    """JSON in ASCII, without a space that it does not need."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def rounded(number: float | None) -> float | None:
    """A number with as many digits as a page can use."""
    return None if number is None else float(f"{number:.{DIGITS}g}")
