"""What a fine-tuning's manifest says of where it comes from and what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptbench.tune.manifest import read_manifest
from promptbench.tune.material import Material


def facts(material: Material, done: Sequence[Sequence[int]], planned: int) -> dict[str, Any]:
    """What was trained on what, for the manifest."""
    return {
        "digest": material.digest,
        "base": base_of(material),
        "suite": material.suite.name,
        "prompt": {
            "name": material.prompt.name,
            "digest": material.rendering.template.prompt.digest,
        },
        "recipe": material.recipe.canonical(),
        "data": {
            "train": len(material.train),
            "dev": len(material.dev),
            "cases": [case.id for case in material.cases],
        },
        **({"chat": talks.facts(material.train)} if (talks := material.lesson.talks) else {}),
        "steps": {"done": len(done), "planned": planned},
        "tokens": sum(material.train[i].tokens for step in done for i in step),
        **inherited(material),
    }


def inherited(material: Material) -> dict[str, Any]:
    """How a base that was made here from nothing was made: `anatomy` asks for its held-out text."""
    said = read_manifest(material.checkpoint.folder)
    return {"settings": said["settings"]} if said.get("kind") == "pretrain" else {}


def base_of(material: Material) -> dict[str, str]:
    """Which model was trained."""
    return {"spec": material.spec, "digest": material.checkpoint.digest}
