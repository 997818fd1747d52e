"""Examples of dialogues: the very prompt of every turn as a run sends it, and its reply behind it.

Where a turn's prompt begins with the prompt and the reply of the turn before, both are one example
with a loss of each reply; where it does not, a new example begins. So whatever the memory, the
prompt file or the chat template make of earlier turns, no reply is learned behind other tokens
than those that a run sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from promptbench.dialogue.memory import Nearby
from promptbench.error import ModelError, SuiteError
from promptbench.model.embedder import open_embedder
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.protocol import Setup, quiet
from promptbench.model.spec import open_model
from promptbench.record import Candidate, Encoded, Message
from promptbench.run.slot import Ready
from promptbench.run.talk import Talk
from promptbench.suite.chat import EVERYTHING, ChatSpec, ToneRule, parse_memory
from promptbench.suite.stated import Suite
from promptbench.tune.dialogue import Dialogue
from promptbench.tune.example import Example, Rendering, refuse_long
from promptbench.tune.origin import Origin
from promptbench.tune.reply import ends_of, refuse_end, reply_ids, written_reply

LONG = "Take a memory that leaves out what is old (--memory last:6), or leave those dialogues out."

RETOLD = (
    "the chat template or the prompt file tells earlier turns in another way than when they were"
    " new, so that a turn's prompt does not begin with the prompt and the reply before it"
)

Ids = tuple[int, ...]

Said = tuple[Ids, Ids]
"""A turn's prompt, and its reply with what ends it."""

Writer = Callable[[Tokenizer, Sequence[Message], Encoded, str, frozenset[int]], Ids]
"""Makes token ids of a reply; see promptbench.tune.reply."""

Join = Callable[[str, Sequence[Said]], Iterator[Example]]
"""Makes examples of the turns of a named dialogue."""


@dataclass(frozen=True, slots=True)
class Talks:
    """Dialogues to learn from, and what makes prompts of their turns."""

    dialogues: tuple[Dialogue, ...]
    ready: Ready
    rules: tuple[ToneRule, ...]
    nearby: Nearby

    def turns(self, dialogue: Dialogue) -> Iterator[tuple[tuple[Message, ...], str]]:
        """The prompt of each turn as a run sends it after these replies, and the reply to it."""
        cases = {number: (0, case) for number, case in dialogue.cases.items()}
        talk = Talk(0, self.ready, dialogue.name, 0, cases, set())
        for reply in dialogue.replies:
            talk.said = str(talk.script[talk.number - 1]["user"])
            case = talk.case(self.rules)
            yield talk.messages(case, talk.recall(case, self.nearby)), reply.strip()
            talk.hear(reply)

    def prompts(self) -> Iterator[tuple[Message, ...]]:
        """The prompts of all turns of all dialogues, in their order."""
        return (messages for each in self.dialogues for messages, _ in self.turns(each))

    def examples(self, origin: Origin) -> tuple[Example, ...]:
        """All examples, in the order of the dialogues and their turns.

        Raises ModelError for what does not fit the context.
        """
        context = origin.checkpoint.context
        if origin.checkpoint.family == "encoder-decoder":
            apart = self.made(origin.tokenizer, written_reply, alone)
            refuse_long(apart, context, "the prompt", lambda one: len(one.prompt), LONG)
            return apart
        found = self.made(origin.tokenizer, reply_ids, joined)
        refuse_long(found, context, "prompt and replies", lambda one: one.tokens, LONG)
        return found

    def made(self, tokenizer: Tokenizer, reply: Writer, join: Join) -> tuple[Example, ...]:
        """The turns of all dialogues, each dialogue made into examples by `join`."""
        ends = ends_of(tokenizer)
        found: list[Example] = []
        for dialogue in self.dialogues:
            said = []
            for number, (messages, text) in enumerate(self.turns(dialogue), 1):
                encoded = tokenizer.encode(messages)
                ids = reply(tokenizer, messages, encoded, text, ends)
                refuse_end(f"{dialogue.name}/{number}", ids, ends)
                said.append((encoded.ids, ids))
            found += join(dialogue.name, said)
        return tuple(found)

    def facts(self, examples: Sequence[Example]) -> dict[str, Any]:
        """What a manifest says of them."""
        memory = self.ready.memory or EVERYTHING
        replies = sum(len(each.replies) for each in self.dialogues)
        said = {"memory": memory.text, "dialogues": len(self.dialogues), "replies": replies}
        if len(examples) == len(self.dialogues):
            return {**said, "form": "one example a dialogue"}
        form = "one example a reply" if len(examples) == replies else "several examples a dialogue"
        reason = RETOLD if memory == EVERYTHING else f"memory {memory.text} leaves turns out"
        return {**said, "form": form, "reason": reason}


def joined(name: str, said: Sequence[Said]) -> Iterator[Example]:
    """As few examples as can be: a turn joins the one before where its prompt goes on from it."""
    whole: tuple[int, ...] = ()
    spans: list[tuple[int, int]] = []
    for number, (prompt, reply) in enumerate(said, 1):
        if spans and prompt[: len(whole)] != whole:
            yield example(f"{name}/{number - 1}", whole, spans)
            spans = []
        whole = (*prompt, *reply)
        spans.append((len(prompt), len(whole)))
    yield example(f"{name}/{len(said)}", whole, spans)


def alone(name: str, said: Sequence[Said]) -> Iterator[Example]:
    """An example a turn."""
    for number, (prompt, reply) in enumerate(said, 1):
        yield Example(f"{name}/{number}", prompt, reply)


def example(case_id: str, whole: tuple[int, ...], spans: Sequence[tuple[int, int]]) -> Example:
    """One example; what stands before its first reply is its prompt."""
    first = spans[0][0]
    return Example(case_id, whole[:first], whole[first:], spans=tuple(spans))


def talks_for(suite: Suite, rendering: Rendering, origin: Origin) -> Talks:
    """Talks of no dialogue yet, in the first memory of the suite.

    Raises ModelError for a model that cannot reply.
    """
    if origin.checkpoint.family == "encoder-only":
        what = f"'{origin.spec}' only reads: it cannot learn to reply"
        raise ModelError(what, hint="Take a model that writes.")
    chat = suite.chat or ChatSpec()
    memory, prompt = chat.memories[0], rendering.template.prompt
    model = open_model(origin.spec, Setup(suite.workspace))
    sampling = next(iter(suite.samplings.values()))
    candidate = Candidate(
        prompt.name, prompt, origin.spec, model.info.identity, sampling, memory.text
    )
    ready = Ready(candidate, rendering.template, rendering.shots, model, memory)
    return Talks((), ready, chat.rules, Nearby(partial(open_embedder, quiet)))


def remembering(suite: Suite, text: str) -> Suite:
    """The suite with the one memory that is trained with; a suite that is no chat as it is.

    It is the one asked for; else everything where the suite has that, or its first. Raises
    SuiteError for a summary, which a model writes itself while it talks.
    """
    if suite.chat is None:
        if text:
            what = "a memory is for `task: chat`"
            raise SuiteError(what, where=suite.shown, hint="Train without --memory.")
        return suite
    stated = suite.chat.memories
    memory = parse_memory(text) if text else EVERYTHING if EVERYTHING in stated else stated[0]
    if memory.kind == "summary":
        raise SuiteError(
            f"memory {memory.text} cannot be trained with: a model writes summaries as it talks",
            where=suite.shown,
            hint="Choose another for the training, such as --memory all.",
        )
    return replace(suite, chat=replace(suite.chat, memories=(memory,)))
