"""End with the process that started this one, however that ends."""

from __future__ import annotations

import os
import threading


def leave_with_parent() -> None:
    """Wait, in a thread, for our stdin to close: its other end is the parent's alone."""

    def wait() -> None:
        while os.read(0, 1):  # not through sys.stdin, whose lock a thread may not keep at the end
            pass
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()
