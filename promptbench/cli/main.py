"""The command `promptbench`: find the verb, run it, turn an error into a message and exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from promptbench import __version__
from promptbench.cli.stop import Ended, listening
from promptbench.error import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    EXIT_NOT_FINISHED,
    EXIT_OK,
    InputError,
    PromptbenchError,
    choices,
)

# One module a verb, imported when the verb is used: `--help` must not wait for anything.
VERBS = {
    "run": "Run a suite and write its report.",
    "finetune": "Train a model on a suite's train split.",
    "curve": "Prompt or fine-tune? Measure both by number of labels.",
    "ablate": "Say what each block of a prompt is worth.",
    "chat": "Talk with a model, with a persona and a memory.",
    "validate": "Check a suite and all that it names, without running a model.",
    "render": "Show exactly what a model sees for one case.",
    "report": "Build a run's report again from the store.",
    "view": "Look at all runs in a browser, also while one is under way.",
    "compare": "Say what changed from one run or candidate to another.",
    "power": "Say which difference a suite can find, and how many cases a smaller one needs.",
    "import-ratings": "Take in what people rated blind in a report, and compare it with metrics.",
    "runs": "List the runs in the store.",
    "export": "Write a run's outputs and scores as CSV, JSONL or Parquet.",
    "models": "List the models that can run here; fetch an embedded one.",
    "check-model": "Check that a model's outputs equal those of the plainest loop.",
    "pretrain": "Train a tokenizer and a tiny transformer on your own text.",
    "backends": "Run one model in several programs: quality, speed, memory side by side.",
    "anatomy": "Show a transformer's attention, and what its loss is without one of its parts.",
    "split": "Split a data file into train, dev and test, keeping groups together.",
    "schema": "Print the JSON Schema of a suite, for editors.",
}
# What is looked for here and done by another program.
ELSEWHERE = {
    "serve": "`transformers serve FOLDER` serves a checkpoint, and a run asks it with"
    " `--model openai:FOLDER@http://127.0.0.1:8000/v1`: see docs/serving.md.",
}


class Verbs(click.Group):
    """A group whose commands are modules of promptbench.cli, loaded lazily."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which one needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb's module and take its command."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"promptbench.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without importing one."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown verb gets the known ones and the nearest."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            hint = ELSEWHERE.get(args[0]) or choices(args[0], VERBS)
            raise InputError(f"there is no verb '{args[0]}'", hint=hint)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb. That the reader of its output, such as `head`, has gone is no error.

        click would exit with 1, the code of a gate that failed.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            sys.stdout = None
            return EXIT_OK


@click.command(
    cls=Verbs,
    invoke_without_command=True,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="promptbench")
@click.pass_context
def group(context: click.Context) -> None:
    """Keep improving the prompt, or fine-tune? Evidence, on your own data and machine.

    Begin with `promptbench run suites/email.yaml`.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 1 a gate failed, 2 bad input, 3 not finished.

    Who is interrupted exits with 130, who is ended by a signal with 128 and its number.
    """
    with listening():
        sys.exit(outcome(arguments))


def outcome(arguments: list[str] | None) -> int:
    """Run the command line and return the exit code; every message goes to stderr."""
    try:
        code = group.main(arguments, prog_name="promptbench", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except PromptbenchError as error:
        tell(str(error))
        return error.exit_code
    except click.ClickException as error:
        tell(in_our_words(error))
        return EXIT_BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        tell("interrupted")
        return EXIT_INTERRUPTED
    except Ended as error:
        tell(f"ended by {error.name}")
        return int(error.code or 0)
    except OSError as error:
        # Files are explained where they are read or written; without a name it is our output.
        if not error.filename:
            sys.stdout = None
        tell(f"{error.filename or 'the output'} cannot be used: {error.strerror or error}")
        return EXIT_NOT_FINISHED
    except Exception as error:  # a mistake of ours, and still no traceback for the user
        tell(confession(error))
        return EXIT_NOT_FINISHED


def in_our_words(error: click.ClickException) -> str:
    """A mistake in the command line, and where to look up what is right."""
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    for word, plain in (("integer range", "whole number"), ("float range", "number")):
        message = message.replace(word, plain)
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "promptbench"
    return f"{message}\n  `{path} --help` shows what there is."


def confession(error: Exception) -> str:
    """A bug of promptbench: what a report of it needs, in two lines."""
    if os.environ.get("PROMPTBENCH_TRACEBACK"):
        tell("".join(traceback.format_exception(error)))
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"a bug in promptbench: {type(error).__name__}: {error}"
        f" ({Path(place.filename).name}:{place.lineno})\n"
        "  Please report it; PROMPTBENCH_TRACEBACK=1 shows the way to it. What was stored is safe."
    )


def tell(message: str) -> None:
    """Print an error, its control characters made visible."""
    from promptbench.cli.escape import escaped

    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(escaped(message), err=True)
