"""See that a server has a batch endpoint, before anything is planned on it."""

from __future__ import annotations

from promptbench.error import ModelError, RunError
from promptbench.model.remote.batch.carrier import service_of
from promptbench.model.remote.batch.line import Line
from promptbench.model.remote.batch.post import PASSING
from promptbench.model.remote.batch.service import got
from promptbench.model.remote.client import Client
from promptbench.model.remote.wire import part


def check_reach(client: Client) -> None:
    """Ask for the list of batches. Raises ModelError for a server without, or that lets us not."""
    path = f"{service_of(client).path}?limit=1"
    try:
        with Line() as line:
            part(line.run(lambda session: got(client, session, path)), "data")
    except (RunError, *PASSING) as error:
        what = error.what if isinstance(error, RunError) else str(error)
        raise ModelError(
            f"{client.address.model} cannot be asked in batches: {what}",
            hint="Its server has no batch endpoint, or the key may not use it: leave `batch` out.",
        ) from error
