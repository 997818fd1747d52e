"""What a line that begins with a slash does: the line in, what to tell the user out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from promptbench.chat.conversation import Conversation
from promptbench.chat.desk import Desk
from promptbench.chat.persona import NONE, personas
from promptbench.chat.save import Place, save
from promptbench.dialogue.tone import heard
from promptbench.error import InputError, choices
from promptbench.suite.chat import FORMS

# Of a turn that is named by what was said in it.
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to: a text to tell, whether to say the last again, whether to end."""

    text: str = ""
    again: bool = False
    over: bool = False


Work = Callable[[Desk, str], Done]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: how it is written after its name, one line of help, and its work."""

    usage: str
    purpose: str
    work: Work


def tell_help(desk: Desk, argument: str) -> Done:
    """The list of commands."""
    written = {f"/{name} {one.usage}".strip(): one.purpose for name, one in COMMANDS.items()}
    width = max(map(len, written))
    lines = [f"{usage:{width}}  {purpose}" for usage, purpose in written.items()]
    lines += [
        "A line that ends with \\ goes on in the next one. // at its beginning says one /.",
        "Ctrl-C stops a reply and keeps it so far; at the prompt it ends the talk.",
    ]
    return Done("\n".join(lines))


def tell_memory(desk: Desk, argument: str) -> Done:
    """Change the memory, or tell what it holds now."""
    talk = desk.talk
    if argument:
        desk.take_memory(argument)
    changed = f"Memory is now {talk.memory.text}." if argument else f"Memory {talk.memory.text}."
    return Done(f"{changed} {remembered(talk)}")


def remembered(talk: Conversation) -> str:
    """What of the turns so far comes back into the next prompt."""
    total, memory = len(talk.turns), talk.memory
    if not total:
        return f"Nothing was said yet. Forms: {', '.join(FORMS)}."
    if memory.kind == "similar":
        return (
            f"Of {turns(total)}, what comes back: the newest {min(memory.last, total)}, and of the"
            f" others the {memory.size} most similar to what you say next."
        )
    recalled = talk.recall(talk.case("..."))
    kept = recalled.numbers
    named = f": {kept[0]} to {kept[-1]}" if len(kept) > 1 else f": number {kept[0]}" if kept else ""
    text = f"{len(kept)} of {turns(total)} {'come' if len(kept) != 1 else 'comes'} back{named}."
    if memory.kind == "tokens":
        text += " If you say much, fewer do."
    if memory.kind == "summary" and recalled.summary:
        covered = f"turns 1 to {talk.covered}" if talk.covered > 1 else "turn 1"
        text += f"\nSummary of {covered}: {recalled.summary}"
    elif memory.kind == "summary" and total > memory.last:
        text += " The others are summed up before the next reply."
    return text


def turns(number: int) -> str:
    """A number of turns."""
    return f"{number} turn" if number == 1 else f"{number} turns"


def tell_persona(desk: Desk, argument: str) -> Done:
    """Change the persona, or tell which there are."""
    if argument:
        desk.take_persona(argument)
        return Done(f"Persona is now {desk.talk.persona.name}; what was said is kept.")
    names = [spec.name for spec in desk.suite.prompts] if desk.suite else []
    names += [name for name in personas(desk.workspace) if name not in names]
    return Done(f"Persona {desk.talk.persona.name}. There are: {', '.join([*names, NONE])}.")


def undo(desk: Desk, argument: str) -> Done:
    """Take back the last turn."""
    last = desk.talk.undo()
    return Done(f"Taken back: turn {last.number}, {shortened(last.user)}")


def retry(desk: Desk, argument: str) -> Done:
    """Have the last turn answered anew."""
    talk = desk.talk
    if not talk.turns and not talk.pending:
        raise InputError("nothing was said yet")
    same = talk.turns and not talk.pending and talk.sampling.temperature == 0
    text = "At temperature 0 the same prompt has the same reply." if same else ""
    return Done(text, again=True)


def tell_tone(desk: Desk, argument: str) -> Done:
    """The mood of what was said last, and the rule that it chose."""
    talk = desk.talk
    said = talk.pending or (talk.turns[-1].exchange.user if talk.turns else "")
    if not said:
        return Done("Nothing was said yet." if talk.rules else no_rules())
    found = heard(said, talk.rules)
    text = f"Your mood: {found['mood']:+.2f} (-1 hostile, 1 friendly), in {shortened(said)}"
    rule = found["rule"]
    if not talk.rules:
        return Done(f"{text}\n{no_rules()}")
    if not rule:
        return Done(f"{text}\nNo tone rule is for that mood.")
    shown = "" if "tone" in talk.persona.template.names else " (this persona does not show it)"
    return Done(f"{text}\nTone rule {rule['name']}: {rule['say'] or 'says nothing'}{shown}")


def no_rules() -> str:
    """Where tone rules come from."""
    return "There are no tone rules; those of a suite are taken with --suite."


def keep_talk(desk: Desk, argument: str) -> Done:
    """Save the talk as a case of a suite."""
    place = Place(desk.workspace, argument or "talks")
    return Done(save(desk.talk, desk.model, place))


def end(desk: Desk, argument: str) -> Done:
    """End the talk."""
    return Done(over=True)


def shortened(text: str) -> str:
    """A text in quotes, on one line."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= SHOWN else f'"{line[:SHOWN]}..."'


COMMANDS: Mapping[str, Command] = {
    "help": Command("", "this list", tell_help),
    "memory": Command("[form]", "what comes back into a prompt; changed by a form", tell_memory),
    "persona": Command("[name]", "who is talking; changed by a name", tell_persona),
    "undo": Command("", "take back the last turn", undo),
    "retry": Command("", "have the last turn answered anew", retry),
    "tone": Command("", "the mood of what you said last, and its tone rule", tell_tone),
    "save": Command("[suite]", "keep the talk as a case of a suite (talks)", keep_talk),
    "quit": Command("", "end the talk", end),
}


def obey(desk: Desk, line: str) -> Done:
    """Carry out a command, whose line begins with "/". Raises InputError, StoreError."""
    name, _, argument = line[1:].strip().partition(" ")
    if name not in COMMANDS:
        hint = choices(name, COMMANDS, "Commands")
        raise InputError(f"there is no command '/{name}'", hint=f"{hint} // says a slash.")
    return COMMANDS[name].work(desk, argument.strip())
