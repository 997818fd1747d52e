"""As a program: the process that measures a backend, with the fake model in it.

$FAKE_MODEL holds its Behaviour as JSON, and $FAKE_DEATH lets it die in the middle.
"""

from __future__ import annotations

import json
import os

from promptbench.backends import child
from promptbench.model.spec import BACKENDS
from tests.fake import Behaviour, FakeBackend

if __name__ == "__main__":
    BACKENDS["fake"] = FakeBackend(Behaviour(**json.loads(os.environ.get("FAKE_MODEL", "{}"))))
    if os.environ.get("FAKE_DEATH"):
        os._exit(9)
    child.main()
