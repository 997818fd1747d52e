"""What a user may choose for a curve beside the suite."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptbench.model.cluster.settings import Cluster
from promptbench.tune.recipe import Wish


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """`sizes` are numbers of training cases, `shots` of examples in a prompt; empty: chosen.

    `prompt` is what is trained on (the suite's first), `model` what is trained (the suite's
    first). `wish` is how; its seed and epochs are set arm by arm where the user leaves them open.
    With a `cluster`, its workers train side by side.
    """

    sizes: tuple[int, ...] = ()
    shots: tuple[int, ...] = ()
    seeds: int | None = None
    prompt: str = ""
    model: str = ""
    wish: Wish = field(default_factory=Wish)
    quick: bool = False
    limit: int | None = None
    max_memory: int | None = None
    device: str = ""
    allow_leaks: bool = False
    cluster: Cluster | None = None

    def command(self, suite: str) -> str:
        """The command that repeats the curve of a suite's file, in the workspace's folder."""
        wish = self.wish
        valued = {
            "sizes": ",".join(map(str, self.sizes)),
            "shots": ",".join(map(str, self.shots)),
            "seeds": self.seeds,
            "prompt": self.prompt,
            "model": self.model,
            "method": wish.method,
            "epochs": wish.epochs,
            "batch": wish.batch,
            "lr": wish.learning_rate,
            "rank": wish.rank,
            "limit": self.limit,
            "device": self.device,
        }
        flags = {"quick": self.quick, "allow-leaks": self.allow_leaks}
        parts = [f"--{name}" for name, wished in flags.items() if wished]
        parts += [f"--{name} {value}" for name, value in valued.items() if value]
        return " ".join(["promptbench curve", suite, *parts])
