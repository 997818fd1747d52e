"""The command `promptbench`: find the verb, run it, turn an error into a message and exit code."""

from __future__ import annotations

import importlib
import sys

import click

from promptbench import __version__
from promptbench.error import EXIT_BAD_INPUT, EXIT_INTERRUPTED, PromptbenchError

# One module a verb, imported when the verb is used: `--help` must not wait for anything.
VERBS = {
    "run": "Run a suite and write its report.",
    "validate": "Check a suite and all that it names, without running a model.",
    "render": "Show exactly what a model sees for one case.",
    "report": "Build a run's report again from the store.",
    "runs": "List the runs in the store.",
    "export": "Write a run's outputs and scores as CSV, JSONL or Parquet.",
    "models": "List the models that can run here; fetch an embedded one.",
    "split": "Split a data file into train, dev and test, keeping groups together.",
    "schema": "Print the JSON Schema of a suite, for editors.",
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
        module = importlib.import_module(f"promptbench.cli.{cmd_name}")
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
        from promptbench.error import choices

        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(f"there is no verb '{args[0]}'. {choices(args[0], VERBS)}")
        return super().resolve_command(ctx, args)


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="promptbench")
def group() -> None:
    """Keep improving the prompt, or fine-tune? Evidence, on your own data and machine.

    Begin with `promptbench run suites/email.yaml`.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 1 a gate failed, 2 bad input, 3 not finished, 130."""
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
        error.show()
        return EXIT_BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        tell("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output, such as `head`, has gone: nobody is left to tell.
        sys.stdout = None
        return 0


def tell(message: str) -> None:
    """Print an error, its control characters made visible."""
    from promptbench.report.visible import visible

    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(visible(message), err=True)
