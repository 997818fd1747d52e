"""Short ways to write, compile and render a template, for the tests beside this file."""

from pathlib import Path

import pytest

from promptbench.error import PromptError
from promptbench.prompt.template import Template
from promptbench.record import Case, Message

SECRET = "the-secret-of-another-folder"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def compiled(folder: Path, source: str, **files: str) -> Template:
    """`source` as prompt.j2 in `folder`, which is the workspace; `files` as name.j2 beside it."""
    write(folder, {"prompt.j2": source} | {f"{name}.j2": text for name, text in files.items()})
    return Template("prompt", folder / "prompt.j2", "prompt.j2", folder)


def messages(folder: Path, source: str, **variables: object) -> tuple[Message, ...]:
    return compiled(folder, source).render(Case("7", variables))


def said(folder: Path, source: str, **variables: object) -> str:
    """The text of the only message, which is the user's."""
    (message,) = messages(folder, source, **variables)
    assert message.role == "user"
    return message.text


def refused(folder: Path, source: str, **variables: object) -> PromptError:
    """The error that compiling or rendering ends in."""
    with pytest.raises(PromptError) as caught:
        messages(folder, source, **variables)
    return caught.value


def parts(message: Message) -> dict[str, str]:
    """The text of each section of a message."""
    return {s.name: message.text[s.start : s.end] for s in message.sections}


def space_with_links(tmp_path: Path) -> Path:
    """A workspace with links that lead out of it, beside a folder with a secret."""
    write(tmp_path, {"outside/secret.j2": SECRET, "space/prompts/fine.j2": "fine"})
    write(tmp_path, {"outside/macro.j2": "{% macro m() %}" + SECRET + "{% endmacro %}"})
    prompts = tmp_path / "space/prompts"
    (prompts / "link.j2").symlink_to(tmp_path / "outside/secret.j2")
    (prompts / "folder").symlink_to(tmp_path / "outside")
    (prompts / "circle.j2").symlink_to(prompts / "circle.j2")
    (prompts / "near.j2").symlink_to(prompts / "fine.j2")
    return tmp_path / "space"
