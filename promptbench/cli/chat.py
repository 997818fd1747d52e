"""`promptbench chat`: talk with a model in the terminal, or through a pipe."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from promptbench.cli.screen import Pipe, Terminal
from promptbench.cli.terminal import err, plain
from promptbench.error import EXIT_OK


@click.command("chat")
@click.option("--model", default="", help="A model's spec; by default the suite's, or smollm2.")
@click.option(
    "--persona",
    default="",
    help="A template of prompts/chat by its name, or the path of one; by default none.",
)
@click.option(
    "--memory",
    default="",
    help="What comes back into a prompt: all (the default), none, last:6, tokens:400,"
    " summary:60+last:2 or similar:3+last:1.",
)
@click.option(
    "--suite",
    type=click.Path(path_type=Path),
    help="A suite of task: chat, for its tone rules; also for all that is not given here.",
)
@click.option("--seed", type=click.IntRange(0), help="Seed of the sampling; by default 0.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, 10),
    help="0: always the likeliest token; by default 0.2 (and top-p 0.9), or the suite's.",
)
@click.option(
    "--max-tokens", type=click.IntRange(1, 100_000), help="Tokens of a reply; by default 256."
)
def command(
    model: str,
    persona: str,
    memory: str,
    suite: Path | None,
    seed: int | None,
    temperature: float | None,
    max_tokens: int | None,
) -> int:
    """Talk with a model. /help shows what can be done; /save keeps the talk as a suite's case.

    Where the input is a file or a pipe, each of its lines is a turn, and nothing but replies and
    answers of commands is printed.
    """
    live = sys.stdin.isatty() and sys.stdout.isatty()
    console = err()
    try:
        from promptbench.chat.begin import Wish, begin
        from promptbench.chat.loop import run

        wish = Wish(Path.cwd(), suite, model, persona, memory, seed, temperature, max_tokens)
        desk = begin(wish, lambda message: console.print(plain(message, "dim")))
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="strict")
        return run(desk, Terminal() if live else Pipe())
    except KeyboardInterrupt:
        if not live:
            raise
        click.echo()
        return EXIT_OK
