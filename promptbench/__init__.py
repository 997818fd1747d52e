"""promptbench: keep improving the prompt, or fine-tune? Evidence, on your own data and machine."""

__version__ = "0.1.0"
