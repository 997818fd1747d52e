"""Training examples: the very prompt of the evaluation, and behind it the answer wished for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.error import DataError, ModelError
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.prompt.example import as_example
from promptbench.prompt.template import Template
from promptbench.record import Case, Encoded, Labels, Message

SHORTER = (
    "Shorten the cases or the prompt, leave those cases out, or take a model with a longer context."
)


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of a case's prompt and of its answer; of the answer alone there is a loss.

    `label` is the position of the right label among the suite's, for a classification head, and
    -1 elsewhere. In a dialogue the first reply begins the answer, and further turns follow in it:
    then there is a loss of the `spans` alone, each from and to (exclusive) a position in `ids`.
    """

    case_id: str
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    label: int = -1
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def tokens(self) -> int:
        """Length of prompt and answer together."""
        return len(self.prompt) + len(self.answer)

    @property
    def ids(self) -> tuple[int, ...]:
        """Prompt and answer."""
        return (*self.prompt, *self.answer)

    @property
    def pieces(self) -> tuple[tuple[int, int], ...]:
        """Where in `ids` the tokens are that have a loss."""
        return self.spans or ((len(self.prompt), self.tokens),)

    @property
    def learned(self) -> tuple[int, ...]:
        """The positions in `ids` whose tokens have a loss."""
        return tuple(place for first, end in self.pieces for place in range(first, end))

    @property
    def targets(self) -> tuple[int, ...]:
        """The tokens at these positions."""
        whole = self.ids
        return tuple(token for first, end in self.pieces for token in whole[first:end])

    @property
    def weight(self) -> int:
        """How many tokens have a loss."""
        return sum(end - first for first, end in self.pieces)

    @property
    def prompts(self) -> Iterator[tuple[int, ...]]:
        """What stands before each piece that has a loss: a run must send the very same."""
        whole = self.ids
        return (whole[:first] for first, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What turns cases into prompts: a template, its few-shot examples, the suite's labels."""

    template: Template
    shots: Sequence[Mapping[str, Any]] | None = None
    labels: Labels | None = None

    def messages(self, case: Case) -> tuple[Message, ...]:
        """A case's prompt, exactly as a run would send it."""
        return self.template.render(case, self.shots)

    def encode(self, case: Case, tokenizer: Tokenizer) -> Encoded:
        """Its text and token ids."""
        return tokenizer.encode(self.messages(case))

    def is_shot(self, case: Case) -> bool:
        """Whether a case stands in the prompt as an example: it must not be trained on as well."""
        return bool(case.references) and as_example(case) in (self.shots or ())


def decoder_examples(
    cases: Sequence[Case], rendering: Rendering, tokenizer: Tokenizer, context: int
) -> list[Example]:
    """Examples for a decoder: the answer follows the prompt's ids and ends with the end token.

    Raises ModelError for what does not fit the context: nothing is cut off.
    """
    end = end_token(tokenizer)
    found = []
    for case in cases:
        encoded = rendering.encode(case, tokenizer)
        (answer,) = tokenizer.continue_with(encoded, [answer_of(case, rendering.labels)])
        found.append(Example(case.id, encoded.ids, (*answer, end)))
    refuse_long(found, context, "prompt and answer", lambda one: one.tokens)
    return found


def seq2seq_examples(
    cases: Sequence[Case], rendering: Rendering, tokenizer: Tokenizer, context: int
) -> list[Example]:
    """Examples for an encoder-decoder: the prompt goes to the encoder, the decoder writes."""
    end = end_token(tokenizer)
    found = []
    for case in cases:
        encoded = rendering.encode(case, tokenizer)
        answer = written(answer_of(case, rendering.labels), tokenizer, end)
        found.append(Example(case.id, encoded.ids, answer))
    refuse_long(found, context, "the prompt", lambda one: len(one.prompt))
    return found


def head_examples(
    cases: Sequence[Case], rendering: Rendering, tokenizer: Tokenizer, context: int
) -> list[Example]:
    """Examples for a classification head: the prompt, and which label is right."""
    labels = rendering.labels
    if labels is None:
        raise ModelError(
            "a classification head needs a suite with labels",
            hint="Add `task: classify` and `labels:`, or take a model that writes.",
        )
    found = [
        Example(case.id, rendering.encode(case, tokenizer).ids, (), label_of(case, labels))
        for case in cases
    ]
    refuse_long(found, context, "the prompt", lambda one: len(one.prompt))
    return found


def written(text: str, tokenizer: Tokenizer, end: int) -> tuple[int, ...]:
    """What a decoder behind an encoder writes, with one end token."""
    answer = tokenizer.bare(text)
    while answer[-1:] == [end]:
        answer.pop()
    return (*answer, end)


def answer_of(case: Case, labels: Labels | None) -> str:
    """What the model shall answer: the first reference, or the first word of the right label."""
    if labels is not None:
        return labels.words[label_of(case, labels)][0]
    answer = reference_of(case).strip()
    if not answer:
        raise DataError(f"case {case.id}: its reference is empty", hint="Nothing can be learned.")
    return answer


def label_of(case: Case, labels: Labels) -> int:
    """The position of a case's label. Raises DataError for one that the suite does not know."""
    reference = reference_of(case)
    for number, (name, words) in enumerate(zip(labels.names, labels.words, strict=True)):
        if reference == name or reference in words:
            return number
    what = f"case {case.id}: '{reference}' is none of the suite's labels"
    raise DataError(what, hint="Correct the case, or add the label to the suite.")


def reference_of(case: Case) -> str:
    """The first reference. Raises DataError if there is none."""
    if not case.references:
        what = f"case {case.id} has no reference to learn from"
        raise DataError(what, hint="Give it one, or take it out of the train split.")
    return case.references[0]


def end_token(tokenizer: Tokenizer) -> int:
    """The token that ends an answer: the one at which the evaluation stops."""
    found = tokenizer.inner.eos_token_id
    if found is None:
        raise ModelError(
            "the tokenizer has no end-of-sequence token, so no model could learn to stop",
            where=str(tokenizer.folder),
            hint="Name one in tokenizer_config.json (eos_token).",
        )
    return int(found)


def refuse_long(
    found: Sequence[Example],
    context: int,
    what: str,
    length: Callable[[Example], int],
    hint: str = SHORTER,
) -> None:
    """Nothing is cut off in silence: what does not fit is an error that says by how much."""
    over = [(length(one) - context, one) for one in found if context and length(one) > context]
    if over:
        excess, worst = max(over, key=lambda pair: pair[0])
        raise ModelError(
            f"{what} of {len(over)} of {len(found)} training cases do not fit; case"
            f" {worst.case_id} needs {excess:,} tokens more than the context of {context:,}",
            hint=hint,
        )
