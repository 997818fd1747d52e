"""Run another program's module as this process, and end with the process that started it."""

from __future__ import annotations

import json
import runpy
import sys

from promptbench.backends.parent import leave_with_parent


def main() -> None:
    """The process: its argument is a JSON list, the module's name and its command line."""
    leave_with_parent()
    sys.argv = json.loads(sys.argv[1])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
