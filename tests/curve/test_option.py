import click
import pytest

from promptbench.cli.curve import command
from promptbench.curve.option import CurveOptions
from promptbench.tune.recipe import Wish


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (CurveOptions(), ""),
        (CurveOptions(quick=True, wish=Wish(learning_rate=1e-4)), " --quick --lr 0.0001"),
        (
            CurveOptions(sizes=(8, 32), shots=(3,), seeds=2, prompt="plain", limit=5),
            " --sizes 8,32 --shots 3 --seeds 2 --prompt plain --limit 5",
        ),
        (CurveOptions(wish=Wish(method="lora", epochs=2, batch=8, rank=4), allow_leaks=True),
         " --allow-leaks --method lora --epochs 2 --batch 8 --rank 4"),
    ],
)  # fmt: skip
def test_the_command_repeats_the_curve(options: CurveOptions, said: str):
    found = options.command("suites/email.yaml")
    assert found == f"promptbench curve suites/email.yaml{said}"
    # Every option that it names is one that the command line knows.
    with click.Context(command) as context:
        command.parse_args(context, found.split()[2:])
