"""The command line in a process that is there to be killed: a state is saved after every step."""

from __future__ import annotations

import torch

from promptbench.cli.main import main
from promptbench.tune import course

if __name__ == "__main__":
    torch.set_num_threads(1)
    course.SAVE_EVERY = -1.0
    main()
