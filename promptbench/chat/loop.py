"""Talk until the user has enough: lines in, replies out, through a screen of any kind."""

from __future__ import annotations

from typing import Protocol

from promptbench.chat.command import obey, turns
from promptbench.chat.desk import Desk
from promptbench.chat.reply import Reply
from promptbench.chat.voice import Brake, Stopped
from promptbench.error import EXIT_OK, PromptbenchError
from promptbench.model.protocol import Speaker

UNSAID = "Nothing was said, and your turn is not kept; /retry says it again."


class Screen(Protocol):
    """Where the user reads and writes. `live` says that a person sits before it."""

    live: bool

    def read(self) -> str | None:
        """What the user says next; None if that is all. KeyboardInterrupt means so too."""
        ...

    def piece(self, text: str) -> None:
        """A piece of a reply, to be shown at once."""
        ...

    def end(self) -> None:
        """The reply is over."""
        ...

    def tell(self, text: str) -> None:
        """What a command came to."""
        ...

    def note(self, text: str) -> None:
        """A remark that only a person wants to see."""
        ...

    def fail(self, error: PromptbenchError) -> None:
        """What went wrong; the talk goes on."""
        ...


def run(desk: Desk, screen: Screen) -> int:
    """Talk to the end. Returns the exit code: of the first mistake, if nobody sat before it."""
    code = EXIT_OK
    if screen.live:
        greet(desk, screen)
    while (line := next_line(screen)) is not None:
        try:
            if not turn(desk, screen, line):
                break
        except PromptbenchError as error:
            screen.fail(error)
            code = code or error.exit_code
    return EXIT_OK if screen.live else code


def greet(desk: Desk, screen: Screen) -> None:
    """Say who is there, and load the model while the user reads that."""
    screen.tell(desk.title)
    screen.note("/help shows the commands. Ctrl-C stops a reply; Ctrl-D ends the talk.")
    if desk.warning:
        screen.note(desk.warning)
    screen.note(f"Loading {desk.model.name} ...")
    desk.talk.wake()


def next_line(screen: Screen) -> str | None:
    """The next line that says something; None at the end."""
    try:
        while (line := screen.read()) is not None and not line.strip():
            pass
    except KeyboardInterrupt:
        if not screen.live:
            raise
        return None
    return line


def turn(desk: Desk, screen: Screen, line: str) -> bool:
    """A command, or a turn of the talk; whether the talk goes on.

    Only a line by itself can be a command: what was pasted is said as it is.
    """
    if line.startswith("/") and "\n" not in line:
        if line.startswith("//"):
            answer(desk, screen, line[1:])
            return True
        done = obey(desk, line)
        if done.text:
            screen.tell(done.text)
        if done.again:
            answer(desk, screen, None)
        return not done.over
    answer(desk, screen, line)
    return True


def answer(desk: Desk, screen: Screen, said: str | None) -> None:
    """Have the model reply to what is said, or again to what was said last (None)."""
    talk = desk.talk
    brake = Brake(gentle=isinstance(talk.model, Speaker))

    def hear(piece: str) -> None:
        if screen.live:
            brake.heed()
        if piece:
            screen.piece(piece)

    try:
        if screen.live:
            with brake:
                reply = talk.say(said, hear) if said is not None else talk.again(hear)
        else:
            reply = talk.say(said, hear) if said is not None else talk.again(hear)
    except KeyboardInterrupt as error:
        if not screen.live and not isinstance(error, Stopped):
            raise
        reply = None
    finally:
        screen.end()
    screen.note(state(desk, reply) if reply else UNSAID)


def state(desk: Desk, reply: Reply) -> str:
    """What a reply took, and what was remembered for it."""
    parts = {
        "stopped": ["stopped, kept so far"],
        "length": ["cut off"],
        "": [],
    }[reply.ending]
    parts.append(f"{reply.prompt_tokens:,} tokens read")
    if reply.ending != "stopped":
        pace = f" ({reply.output_tokens / reply.seconds:.0f}/s)" if reply.seconds else ""
        parts.append(f"{reply.output_tokens:,} written{pace}")
    if reply.memory_tokens:
        parts.append(f"{reply.memory_tokens:,} for the summary")
    if reply.before:
        summary = " and a summary" if reply.summary else ""
        parts.append(f"{len(reply.kept)} of {turns(reply.before)} kept{summary}")
    if desk.talk.rules:
        parts.append(f"mood {reply.mood:+.2f}{f', {reply.rule}' if reply.rule else ''}")
    return " · ".join(parts)
