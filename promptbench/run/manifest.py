"""The manifest of a run: what one must know to judge it and to repeat it."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from promptbench import __version__
from promptbench.run.choice import within
from promptbench.run.model_check import known_verdict
from promptbench.run.plan import Plan
from promptbench.run.section import sections_of

PACKAGES = ("torch", "transformers", "tokenizers", "jinja2", "rouge-score", "scipy", "sentencex")


def manifest_of(plan: Plan) -> dict[str, Any]:
    """Versions, digests, seeds, settings and hardware; nothing secret, no path of the machine."""
    suite, options = plan.suite, plan.options
    return {
        "command": command_of(plan),
        "suite": {"file": within(suite.workspace, suite.path), "sha256": text_digest(suite.source)},
        "data": {
            name: {
                "file": within(suite.workspace, source.path),
                "sha256": file_digest(source.path),
            }
            for name, source in suite.splits.items()
        },
        "cases": {"split": options.split, "limit": options.limit, "evaluated": len(plan.cases)},
        "leaks": plan.judged.facts(),
        "prompts": {r.candidate.prompt.name: r.candidate.prompt.digest for r in plan.ready},
        "examples": {
            spec.name: spec.examples.model_dump() for spec in suite.prompts if spec.examples
        },
        "models": {r.candidate.model: model_facts(r.model.info) for r in plan.ready},
        **judges_of(plan),
        **chat_of(plan),
        "sampling": {name or "all": s.canonical() for name, s in suite.samplings.items()},
        "seed": options.seed,
        "repeats": plan.repeats,
        "versions": versions(),
        "hardware": hardware(),
        **({"sections": counted} if (counted := sections_of(plan)) else {}),
        **plan.extra,
    }


def judges_of(plan: Plan) -> dict[str, Any]:
    """The models that metrics ask, if any do."""
    facts = {name: model_facts(model.info) for name, model in plan.jury.items()}
    return {"judges": facts} if facts else {}


def chat_of(plan: Plan) -> dict[str, Any]:
    """What a chat remembers, and who plays its users."""
    if plan.suite.chat is None:
        return {}
    memories = dict.fromkeys(r.candidate.memory for r in plan.ready)
    facts: dict[str, Any] = {"memory": list(memories)}
    if plan.suite.chat.rules:
        facts["tone"] = [rule.facts() for rule in plan.suite.chat.rules]
    if plan.player and plan.suite.chat.user:
        facts["user"] = {**model_facts(plan.player.info), **plan.suite.chat.user.model_dump()}
    return {"chat": facts}


def command_of(plan: Plan) -> str:
    """The command that repeats the run, in the workspace's folder."""
    suite, options = plan.suite, plan.options
    parts = ["promptbench run", within(suite.workspace, suite.path)]
    parts += [f"--split {options.split}"] if options.split != "test" else []
    parts += [f"--limit {options.limit}"] if options.limit else []
    parts += [f"--prompt {name}" for name in options.prompts]
    parts += [f"--model {name}" for name in options.models]
    parts += [f"--memory {text}" for text in options.memories]
    parts += [f"--repeats {options.repeats}"] if options.repeats else []
    parts += [f"--seed {options.seed}"] if options.seed is not None else []
    parts += [f"--device {options.device}"] if options.device else []
    parts += [f"--precision {options.precision}"] if options.precision else []
    parts += ["--race"] if options.race else []
    parts += ["--allow-leaks"] if options.allow_leaks else []
    return " ".join(parts)


def model_facts(info: Any) -> dict[str, Any]:
    """What the manifest says of a model."""
    facts: Mapping[str, Any] = {
        "identity": info.identity,
        "backend": info.backend,
        "family": info.family,
        "architecture": info.architecture,
        "parameters": info.parameters,
        "context": info.context,
    }
    course = {"training": dict(info.training)} if info.training else {}
    checked = {"self-check": known_verdict(info.identity)}
    return {**facts, **dict(info.details), **checked, **course}


def versions() -> dict[str, str]:
    """Versions of what can change a figure."""
    found = {"promptbench": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, str]:
    """Processor, cores and memory."""
    facts = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": str(os.cpu_count() or "unknown"),
    }
    if "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        facts["memory"] = f"{size / 2**30:.0f} GB"
    return facts


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def text_digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
