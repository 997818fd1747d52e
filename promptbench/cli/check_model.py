"""`promptbench check-model SPEC`: check a model's engine against the plainest loop."""

from __future__ import annotations

from pathlib import Path

import click

from promptbench.cli.terminal import err, out, plain, table
from promptbench.error import EXIT_GATE_FAILED, EXIT_OK


@click.command("check-model")
@click.argument("spec")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where the model computes.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16", "int8"]),
    help="How exactly the model computes.",
)
def command(spec: str, device: str | None, precision: str | None) -> int:
    """Compare the model SPEC under our engine with transformers, one prompt at a time.

    Outputs must be equal token for token. Where they part at a tie (two logits within 1e-4) that
    is counted and shown. Exit code 1 if an output differs beyond a tie.
    """
    from promptbench.model.protocol import Setup
    from promptbench.run.model_check import checked

    console = err()
    setup = Setup(
        Path.cwd(),
        lambda message: console.print(plain(message, "dim")),
        device=device or "",
        precision=precision or "",
    )
    verdict = checked(spec, setup)
    columns = ["way", "equal", "ties", "different", "widest gap"]
    rows = [
        [w.name, str(w.equal), str(w.ties), str(w.different), f"{w.widest:.1e}" if w.widest else ""]
        for w in verdict.ways
    ]
    out().print(table(columns, rows, right=(1, 2, 3, 4)))
    exact = verdict.exact
    word = "exact" if exact else "NOT exact"
    text = f"{spec} is {word} over {verdict.requests} prompts ({verdict.engine})"
    out().print(plain(text, style="green" if exact else "red"))
    return EXIT_OK if exact else EXIT_GATE_FAILED
