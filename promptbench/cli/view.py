"""`promptbench view [RUN]`: look at the store's runs in a browser, on this machine alone."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from promptbench.cli.terminal import err, out, plain


@click.command("view")
@click.argument("run", required=False)
@click.option(
    "--port", type=click.IntRange(1024, 65535), help="The port to serve on; by default a free one."
)
@click.option("--no-open", is_flag=True, help="Print the address and open no browser.")
def command(run: str | None, port: int | None, no_open: bool) -> None:
    """Serve the runs of this workspace to a browser on this machine, RUN first if it is named.

    A run that is under way is shown as it goes on. Nothing is written. Ctrl-C stops it.
    """
    from promptbench.run.job import store_path, workspace_here
    from promptbench.view.address import Address
    from promptbench.view.server import Server
    from promptbench.view.site import Site

    path = store_path(workspace_here(Path.cwd()))
    first = Address("run", checked(path, run)) if run else Address("runs")
    check_readable(path)
    with Server(Site(path), port or 0, tell) as server:
        show(server.address(first), run, not no_open and has_display())
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            err().print("The pages are no longer served; the same command serves them again.")
            raise


def checked(path: Path, run: str) -> str:
    """The id of a run that is there. Raises InputError otherwise."""
    from promptbench.store.database import Store, require_store

    require_store(path)
    with closing(Store(path, reading=True)) as store:
        return store.run(run).id


def check_readable(path: Path) -> None:
    """Raise StoreError now for a store that no page could be made from."""
    from promptbench.store.database import Store

    if path.is_file():
        Store(path, reading=True).close()


def show(address: str, run: str | None, browse: bool) -> None:
    """Print the address, and open it."""
    import webbrowser

    out().print(plain(address, style="bold"))
    if run:
        out().print(plain(f"All runs: {address.partition('/run/')[0]}/"))
    err().print(plain("The address holds a key to these pages. Ctrl-C stops.", style="dim"))
    sys.stdout.flush()
    if browse and not webbrowser.open(address):
        err().print(plain("No browser could be opened: open the address yourself."))


def has_display() -> bool:
    """Whether a browser would have a window: over ssh it would fill the terminal instead."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def tell(text: str) -> None:
    """A mistake that a browser is not told of."""
    err().print(plain(text, style="yellow"))
