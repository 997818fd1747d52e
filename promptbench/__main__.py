"""`python -m promptbench` is the command `promptbench`."""

from promptbench.cli.main import main

main()
