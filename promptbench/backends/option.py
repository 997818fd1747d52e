"""What a user may choose when backends are compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """`model` and `prompt` are "" for the suite's first. `gguf` is the model as a GGUF file.

    `port` is where the server listens, 0 for one that goes with the weights.
    """

    model: str = ""
    gguf: str = ""
    prompt: str = ""
    split: str = "test"
    limit: int | None = None
    port: int = 0
    allow_leaks: bool = False

    def command(self, suite: str) -> str:
        """The command that measures the same again, in the workspace's folder."""
        parts = ["promptbench backends", suite]
        parts += [f"--model {self.model}"] if self.model else []
        parts += [f"--gguf {self.gguf}"] if self.gguf else []
        parts += [f"--prompt {self.prompt}"] if self.prompt else []
        parts += [f"--split {self.split}"] if self.split != "test" else []
        parts += [f"--limit {self.limit}"] if self.limit else []
        parts += [f"--port {self.port}"] if self.port else []
        parts += ["--allow-leaks"] if self.allow_leaks else []
        return " ".join(parts)
