"""A prompt without one of its blocks: a candidate and a block in; the candidate that lacks it out.

What the block was good for cannot be said where leaving it out changes no prompt, or leaves none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptbench.error import PromptError
from promptbench.prompt.template import Template, without
from promptbench.record import Case, Encoded, Message
from promptbench.run.slot import Ready


@dataclass(frozen=True, slots=True)
class Part:
    """A block, and the candidate that lacks it: `ready` is None where there is nothing to run.

    `inside` are the blocks that go with it. `empty` says that it renders empty for every case,
    `blind` that without it all cases get one prompt, `same` that the prompt is the very same
    without it in every case, `bare` that it takes the system message with it. `refused` is why
    there is no prompt without it.
    """

    block: str
    inside: tuple[str, ...]
    ready: Ready | None = None
    empty: bool = False
    blind: bool = False
    same: bool = False
    bare: bool = False
    refused: str = ""

    def facts(self) -> dict[str, Any]:
        """What the report must know of it."""
        return {
            "block": self.block,
            "candidate": self.ready.candidate.name if self.ready else "",
            "inside": list(self.inside),
            "empty": self.empty,
            "blind": self.blind,
            "same": self.same,
            "bare": self.bare,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """What a candidate makes of some cases, in their order."""

    messages: tuple[tuple[Message, ...], ...]
    prompts: tuple[Encoded, ...]


def chosen_blocks(template: Template, wanted: Sequence[str]) -> tuple[str, ...]:
    """The blocks to leave out, each once: those wanted, else all that hold no other.

    Raises PromptError for a prompt without named blocks; an unknown one shows later.
    """
    if not template.blocks:
        raise PromptError(
            f"prompt '{template.prompt.name}' has no named block to leave out",
            where=template.shown,
            hint="Name its parts: {% block instruction %}...{% endblock %}.",
        )
    innermost = [name for name, inside in template.blocks.items() if not inside]
    return tuple(dict.fromkeys(wanted or innermost))


def shown(ready: Ready, cases: Sequence[Case]) -> Shown:
    """Render and encode the cases. Raises PromptError for one that the template cannot show."""
    messages = tuple(map(ready.messages, cases))
    return Shown(messages, tuple(map(ready.model.encode, messages)))


def part_of(base: Ready, whole: Shown, block: str, cases: Sequence[Case], *, strict: bool) -> Part:
    """A candidate without a block, beside what it makes of the cases with it.

    Raises PromptError for an unknown block, and if `strict` where no prompt is left without it.
    """
    prompt = base.candidate.prompt
    made = without(base.template, block, f"{prompt.name} without {block}")
    part = Part(block, base.template.blocks[block])
    ready = replace(
        base,
        template=made,
        candidate=replace(
            base.candidate, name=made.prompt.name, prompt=replace(made.prompt, path=prompt.path)
        ),
    )
    try:
        left = shown(ready, cases)
    except PromptError as error:
        if strict:
            raise PromptError(
                f"without block '{block}': {error.what}", where=error.where, hint=error.hint
            ) from error
        return replace(part, refused=error.what)
    same = seen(left) == seen(whole)
    return replace(
        part,
        ready=None if same else ready,
        empty=all(is_blank(messages, block) for messages in whole.messages),
        blind=len(set(seen(left))) == 1 < len(set(seen(whole))),
        same=same,
        bare=has_system(whole) and not has_system(left),
    )


def seen(found: Shown) -> tuple[object, ...]:
    """What a model reads of each case: token ids, or where a server keeps those, the text."""
    return tuple(each.ids or each.text for each in found.prompts)


def has_system(found: Shown) -> bool:
    """Whether any prompt has a system message."""
    return any(message.role == "system" for messages in found.messages for message in messages)


def is_blank(messages: Sequence[Message], block: str) -> bool:
    """Whether a block puts out nothing but white space; of a role's block that is not told."""
    sections = [(m, s) for m in messages for s in m.sections if s.name == block]
    return bool(sections) and not any(m.text[s.start : s.end].strip() for m, s in sections)
