from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.chat.conversation import Conversation
from promptbench.error import InputError, PromptError
from promptbench.model.local.local import LocalModel
from tests.chat.conftest import Talk
from tests.model.tiny import write_tiny
from tests.run.chatting import Chat


def prompt(live: Conversation, said: str) -> list[tuple[str, str]]:
    """The messages of a turn."""
    case = live.case(said)
    return [(m.role, m.text) for m in live.messages(case, live.recall(case))]


def test_without_a_persona_nothing_but_the_talk_is_in_the_prompt(talk: Talk):
    desk = talk()
    assert prompt(desk.talk, "Hello") == [("user", "Hello")]
    assert desk.title == "speaks:a · no persona · memory all"


def test_a_persona_is_a_template_of_prompts_chat(talk: Talk):
    desk = talk(persona="mira")
    assert prompt(desk.talk, "Hello") == [("system", "You are Mira."), ("user", "Hello")]
    assert desk.title == "speaks:a · persona mira · memory all"


def test_a_persona_is_a_path(talk: Talk, chat: Chat, tmp_path: Path):
    assert talk(persona="prompts/chat/bo.j2").talk.persona.name == "bo"
    outside = tmp_path / "elsewhere" / "zoe.j2"
    outside.parent.mkdir()
    outside.write_text("{% block user %}{{ user }}{% endblock %}")
    assert talk(persona=str(outside)).talk.persona.name == "zoe"


@pytest.mark.parametrize("name", ["mirra", "no/such.j2", "x" * 300, "\0"])
def test_a_persona_that_is_not_there_is_bad_input(talk: Talk, name: str):
    with pytest.raises(PromptError) as caught:
        talk(persona=name)
    if name == "mirra":
        assert "Did you mean 'mira'? Allowed: bo, mira, none." in caught.value.hint


def test_a_persona_that_needs_what_a_talk_lacks_is_bad_input(talk: Talk, chat: Chat):
    chat.write("prompts/chat/odd.j2", "{{ user }} {{ weather }}")
    with pytest.raises(PromptError, match="'weather' is undefined"):
        talk(persona="odd")
    desk = talk(persona="mira")
    with pytest.raises(InputError):
        desk.take_persona("odd")
    assert desk.talk.persona.name == "mira"


def test_a_summary_needs_a_persona_that_shows_it(talk: Talk):
    with pytest.raises(PromptError, match="does not show it"):
        talk(persona="bo", memory="summary:16")
    desk = talk(memory="summary:16")
    with pytest.raises(PromptError, match="does not show it"):
        desk.take_persona("bo")
    desk = talk(persona="bo")
    with pytest.raises(PromptError, match="does not show it"):
        desk.take_memory("summary:16")
    assert (desk.talk.memory.text, desk.talk.persona.name) == ("all", "bo")


def test_the_suite_gives_model_persona_memory_sampling_and_rules(talk: Talk, chat: Chat):
    rules = "tone: [{name: upset, below: 0, say: Be calm.}]\nmetrics:"
    chat.edit("suites/talk.yaml", "metrics:", rules)
    desk = talk(suite=chat.suite, model="", memory="", temperature=None, max_tokens=None)
    live = desk.talk
    assert desk.title == "fake:a · persona friend · memory all"
    assert (live.sampling.max_tokens, live.sampling.temperature) == (12, 0.0)
    assert [rule.name for rule in live.rules] == ["upset"]
    assert talk(suite=chat.suite, persona="bo", memory="last:2").title.endswith(
        "persona bo · memory last:2"
    )


def test_a_suite_of_another_task_is_refused(talk: Talk, chat: Chat):
    chat.edit("suites/talk.yaml", "task: chat\n", "")
    chat.edit("suites/talk.yaml", "memory: [all, none, last: 1]\n", "")
    with pytest.raises(InputError, match="task: chat"):
        talk(suite=chat.suite)


def test_a_model_without_a_chat_template_gets_a_script(talk: Talk, chat: Chat):
    write_tiny(chat.folder / "base", "gpt2")
    desk = talk(model="./base", max_tokens=5)
    live = desk.talk
    assert isinstance(live.model, LocalModel)
    pieces: list[str] = []
    first = live.say("w1 w2", pieces.append)
    assert first and "".join(pieces).strip() == first.text
    case = live.case("w3")
    (message,) = live.messages(case, live.recall(case))
    assert message.text == (
        "This is a talk between a user and a helpful assistant.\n\n"
        f"User: w1 w2\nAssistant: {first.text}\nUser: w3\nAssistant:"
    )
    assert live.request(case, live.recall(case)).sampling.stop == ("\nUser:",)
    assert live.say("w3", pieces.append)
    assert desk.warning == ""
    assert "no chat template" in talk(model="./base", persona="mira").warning
