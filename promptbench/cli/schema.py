"""`promptbench schema`: print the JSON Schema of a suite."""

from __future__ import annotations

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a suite file, for editors that complete and check YAML."""
    from promptbench.metric.registry import settings_schema
    from promptbench.suite.schema import suite_schema

    click.echo(json.dumps(suite_schema(settings_schema()), indent=2))
