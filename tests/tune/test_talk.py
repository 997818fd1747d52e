"""Dialogues as examples: id for id what a run sends, with a loss of the replies and their ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from promptbench.dialogue.exchange import Exchange, Recalled
from promptbench.dialogue.memory import newest
from promptbench.dialogue.prompt import turn_messages
from promptbench.dialogue.tone import with_mood
from promptbench.error import ModelError, SuiteError
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.prompt.template import Template
from promptbench.record import Case
from promptbench.tune.example import Example
from promptbench.tune.learner import objective_for
from promptbench.tune.material import Material
from promptbench.tune.objective import Packed, Padded
from tests.model.bert import write_encoder
from tests.model.tiny import SPECIAL, WORDS, write_tiny
from tests.run.workspace import Workspace
from tests.tune.talks import (
    CHATML,
    CUTTING,
    ENDLESS,
    FRIEND,
    GEMMA,
    LLAMA2,
    PATH,
    REPLIES,
    TALK,
    THINKING,
    given,
    talk_material,
    write_talk,
)
from tests.tune.toy import material_of, write_toy

USERS = ("w10 w11", "w12", "w13 w14")
WHOLE = [
    {"role": "system", "content": "w1 w2"},
    *(
        {"role": role, "content": text}
        for user, reply in zip(USERS, REPLIES, strict=True)
        for role, text in (("user", user), ("assistant", reply))
    ),
]


def sent(workspace: Workspace, kept: int = 100, **variables: Any) -> list[tuple[int, ...]]:
    """The ids of every turn's prompt, with the newest turns before it, as the Model encodes it."""
    model = open_model("./checkpoints/base", Setup(workspace.folder))
    folder = workspace.folder / "prompts"
    template = Template("friend", folder / "friend.j2", "friend.j2", workspace.folder)
    past: list[Exchange] = []
    found = []
    for number, (user, reply) in enumerate(zip(USERS, REPLIES, strict=True), 1):
        case = with_mood(Case("t", {"user": user, "turn": number, **variables}), ())
        messages = turn_messages(template, case, Recalled(tuple(newest(past, kept))))
        found.append(model.encode(messages).ids)
        past.append(Exchange(number, user, reply))
    return found


def prompts(material: Material) -> list[tuple[int, ...]]:
    """What stands before each reply that is learned."""
    return [ids for example in material.train for ids in example.prompts]


def replies(material: Material) -> list[tuple[int, ...]]:
    """The ids that are learned, a reply each."""
    return [e.ids[first:end] for e in material.train for first, end in e.pieces]


def words(text: str, end: str = "</s>") -> tuple[int, ...]:
    """A text's ids with the token that ends it."""
    return tuple([*SPECIAL, *WORDS].index(word) for word in [*text.split(), end])


@pytest.mark.parametrize("template", [CHATML, LLAMA2, GEMMA])
def test_a_dialogue_is_one_example_and_its_replies_alone_are_learned(tmp_path: Path, template: str):
    material = talk_material(write_talk(tmp_path, template))
    (example,) = material.train
    found: Any = material.tokenizer.inner.apply_chat_template(
        WHOLE, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    assert example.ids == tuple(found["input_ids"][: example.tokens])
    assert example.tokens == max(p for p, on in enumerate(found["assistant_masks"]) if on) + 1
    assert list(example.learned) == [p for p, on in enumerate(found["assistant_masks"]) if on]
    assert example.case_id == "t/3"


@pytest.mark.parametrize(
    "template", [CHATML, LLAMA2, GEMMA, CUTTING, THINKING, ENDLESS, ""], ids=str.__len__
)
def test_before_each_reply_stands_what_a_run_sends(tmp_path: Path, template: str):
    workspace = write_talk(tmp_path, template)
    material = talk_material(workspace)
    end = "w41" if template == GEMMA else "</s>"
    assert prompts(material) == sent(workspace)
    assert replies(material) == [words(reply, end) for reply in REPLIES]


@pytest.mark.parametrize(
    ("template", "examples", "form"),
    [
        (CHATML, 1, "one example a dialogue"),
        (CUTTING, 2, "several examples a dialogue"),  # a reply of one word is told whole
        (THINKING, 3, "one example a reply"),
        (ENDLESS, 3, "one example a reply"),
        ("", 3, "one example a reply"),
    ],
    ids=["chatml", "cutting", "thinking", "endless", "none"],
)
def test_where_earlier_turns_are_told_in_another_way_a_new_example_begins(
    tmp_path: Path, template: str, examples: int, form: str
):
    material = talk_material(write_talk(tmp_path, template))
    assert material.lesson.talks
    said = material.lesson.talks.facts(material.train)
    assert (len(material.train), said["form"]) == (examples, form)
    assert (said["memory"], said["dialogues"], said["replies"]) == ("all", 1, 3)
    assert ("reason" in said) == (examples > 1)


def test_a_base_model_learns_each_turn_behind_the_history(tmp_path: Path):
    workspace = write_talk(tmp_path, "", prompts="[../prompts/script.j2]")
    material = talk_material(workspace)
    first = "<s> w3 w10 w11 w4"
    second = f"{first} w20 w21 w3 w12 w4"
    third = f"{second} w22 w3 w13 w14 w4"
    assert prompts(material) == [ids_of(text) for text in (first, second, third)]
    assert replies(material) == [words(reply) for reply in REPLIES]


def ids_of(text: str) -> tuple[int, ...]:
    """A text's ids."""
    return tuple([*SPECIAL, *WORDS].index(word) for word in text.split())


@pytest.mark.parametrize(("memory", "kept"), [("none", 0), ("last:1", 1), ("last:2", 2)])
def test_a_memory_is_trained_with_as_it_is_run_with(tmp_path: Path, memory: str, kept: int):
    workspace = write_talk(tmp_path)
    material = talk_material(workspace, memory=memory)
    assert prompts(material) == sent(workspace, kept)
    assert len(material.train) == {0: 3, 1: 2, 2: 1}[kept]
    assert material.suite.chat
    assert [each.text for each in material.suite.chat.memories] == [memory]


def test_a_memory_of_tokens_drops_the_oldest_turns(tmp_path: Path):
    workspace = write_talk(tmp_path, memory="[{tokens: 22}]")
    material = talk_material(workspace)
    everything = sent(workspace)
    longest = max(map(len, everything))
    assert longest > 22 >= max(map(len, prompts(material)))
    assert prompts(material)[:2] == everything[:2]
    assert prompts(material)[2] == sent(workspace, 1)[2]


def test_everything_is_remembered_where_the_suite_does_so_at_all(tmp_path: Path):
    workspace = write_talk(tmp_path, memory="[none, last: 1, all]")
    assert len(talk_material(workspace).train) == 1
    workspace.edit(PATH, "[none, last: 1, all]", "[none, last: 1]")
    assert len(talk_material(workspace).train) == 3


def test_a_rules_tone_is_in_the_prompts(tmp_path: Path):
    rules = "[{name: glad, above: 0.2, say: w5}, {name: other, say: w6}]"
    talk = given("t", ("w10 great", "w20"), ("w11", "w21"))
    workspace = write_talk(tmp_path, CHATML, [talk])
    workspace.write(PATH, (workspace.folder / PATH).read_text() + f"tone: {rules}\n")
    material = talk_material(workspace)
    assert [ids[4:5] for ids in prompts(material)] == [ids_of("w5"), ids_of("w6")]


def test_a_dialogues_and_a_turns_fields_are_in_the_prompts_and_no_given_reply(tmp_path: Path):
    talk = given("t", ("w10", "w20"), ("w11", "w21"))
    talk["place"] = "w7"
    talk["turns"][0]["mark"] = "w8"
    talk["turns"][1]["mark"] = "w9"
    workspace = write_talk(tmp_path, CHATML, [talk])
    workspace.edit(PATH, "  dev: talk/dev.jsonl\n", "")
    shown = "{{ place }} {{ mark }} w4{% if assistant is defined %} w5{% endif %}"
    workspace.write("prompts/friend.j2", FRIEND.replace("w1 w2", shown))
    found = [ids[2:5] for ids in prompts(talk_material(workspace))]
    assert found == [ids_of("w7 w8 w4"), ids_of("w7 w9 w4")]


def test_white_space_around_a_reply_is_read_and_not_learned(tmp_path: Path):
    workspace = write_talk(tmp_path, CHATML, [given("t", ("w10", " w20\n"), ("w11", "w21"))])
    material = talk_material(workspace)
    assert replies(material) == [words("w20"), words("w21")]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_the_loss_is_transformers_own_of_the_replies(tmp_path: Path, kind: str):
    rows = [TALK, given("u", ("w15", "w27"), ("w16 w17", "w28 w29")), given("v", ("w1", "w2"))]
    workspace = write_talk(tmp_path, CHATML, rows)
    material = talk_material(workspace)
    place = write_tiny(tmp_path / "plain", kind)
    plain: Any = transformers.AutoModelForCausalLM.from_pretrained(place).eval()
    total, number = 0.0, 0
    for example in material.train:
        asked = torch.tensor([example.ids])
        labels = torch.full_like(asked, -100)
        for position in example.learned:
            labels[0, position] = example.ids[position]
        count = len(example.learned)
        total += plain(input_ids=asked, labels=labels).loss.item() * count
        number += count
    assert sum(Padded(0).weight(one) for one in material.train) == number
    assert Padded(0).loss(plain, material.train).item() == pytest.approx(total, rel=1e-5)
    objective = objective_for(plain, material.checkpoint, material.tokenizer, material.train)
    assert isinstance(objective, Packed)
    assert objective.loss(plain, material.train).item() == pytest.approx(total, rel=1e-4)


def test_what_is_read_has_no_loss_of_its_own(tmp_path: Path):
    (example,) = talk_material(write_talk(tmp_path)).train
    plain: Any = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "checkpoints" / "base"
    ).eval()
    logits: list[torch.Tensor] = []

    def keep(module: object, given: object, out: torch.Tensor) -> None:
        out.retain_grad()
        logits.append(out)

    plain.lm_head.register_forward_hook(keep)
    Padded(0).loss(plain, [example]).backward()
    gradient = logits[0].grad
    assert gradient is not None
    moved = [place + 1 for place, row in enumerate(gradient[0]) if row.abs().sum() > 0]
    assert moved == list(example.learned)


def test_an_encoder_decoder_learns_each_reply(tmp_path: Path):
    workspace = write_talk(tmp_path, "", prompts="[../prompts/script.j2]")
    write_tiny(tmp_path / "checkpoints" / "base", "t5", initializer_factor=0.3)
    material = talk_material(workspace)
    assert [one.answer for one in material.train] == [words(reply) for reply in REPLIES]
    assert material.train[1].prompt == ids_of("w3 w10 w11 w4 w20 w21 w3 w12 w4 </s>")
    assert all(one.spans == () for one in material.train)


def test_a_model_that_only_reads_is_refused(tmp_path: Path):
    workspace = write_talk(tmp_path)
    write_encoder(tmp_path / "checkpoints" / "encoder", "bert", head="")
    with pytest.raises(ModelError, match="only reads"):
        talk_material(workspace, model="./checkpoints/encoder")


def test_a_dialogue_that_does_not_fit_names_a_way_out(tmp_path: Path):
    long = given("t", ("w10 " * 200, "w20"), ("w11", "w21 " * 60))
    workspace = write_talk(tmp_path, CHATML, [long])
    with pytest.raises(ModelError, match=r"case t/2 needs \d+ tokens more .* 256") as caught:
        talk_material(workspace)
    assert "--memory last:6" in caught.value.hint
    assert len(talk_material(workspace, memory="none").train) == 2


def test_a_summary_cannot_be_trained_with(tmp_path: Path):
    workspace = write_talk(tmp_path, memory="[{summary: 20}]")
    workspace.write("prompts/friend.j2", FRIEND.replace("w1 w2", "w1{{ summary }}"))
    with pytest.raises(SuiteError, match=r"memory summary:20\+last:1 cannot be trained with"):
        talk_material(workspace)
    assert len(talk_material(workspace, memory="all").train) == 1


def test_a_memory_is_for_chats(tmp_path: Path):
    workspace = write_toy(tmp_path)
    with pytest.raises(SuiteError, match="a memory is for `task: chat`"):
        material_of(workspace, memory="all")


def test_examples_without_spans_are_learned_whole():
    example = Example("one", (5, 6), (7, 2))
    assert (example.learned, example.targets, list(example.prompts)) == ((2, 3), (7, 2), [(5, 6)])
