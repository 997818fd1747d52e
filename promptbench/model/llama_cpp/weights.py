"""Find the GGUF that a spec means, and say what it is: a path in, its digest and facts out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import ModelError, choices
from promptbench.model.embedded import check_weights, require_weights
from promptbench.model.llama_cpp.library import library
from promptbench.model.llama_cpp.vocabulary import Vocabulary
from promptbench.model.protocol import Setup
from promptbench.model.wheel import EMBEDDED

PART = re.compile(r".*-\d{5}-of-\d{5}\.gguf")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of its model. `digest` is its SHA-256, `format` how weights are stored."""

    digest: str
    architecture: str
    parameters: int
    context: int
    format: str
    recurrent: bool


def file_of(spec: str, setup: Setup) -> Path:
    """The file of `gguf:PATH` or `gguf:NAME`, of an embedded model. Raises ModelError."""
    from promptbench.model.spec import path_of

    name = spec.partition(":")[2]
    named = {n: m for n, m in EMBEDDED.items() if next(iter(m.files)).endswith(".gguf")}
    if name in named:
        path = require_weights(named[name])
        check_weights(named[name], path)
        return path
    path = path_of(name, setup)
    if not path.is_file():
        what = f"there is no file {path}"
        raise ModelError(what, hint=f"{choices(name, named)} Or a path: gguf:./model.gguf")
    if PART.fullmatch(path.name):
        raise ModelError(
            "the file is one part of a GGUF that was split",
            where=str(path),
            hint="Join the parts with llama.cpp's `llama-gguf-split --merge`.",
        )
    return path


def facts_of(path: Path, vocabulary: Vocabulary) -> Facts:
    """Look into a file. Raises ModelError for a model that does not write."""
    found, model = library(), vocabulary.loaded.pointer
    architecture = vocabulary.fact("general.architecture")
    reads_both_ways = vocabulary.fact(f"{architecture}.attention.causal") == "false"
    if found.llama_model_has_encoder(model) or reads_both_ways:
        raise ModelError(
            f"the model ({architecture}) is no decoder: llama.cpp does not let it write here",
            where=str(path),
            hint="Take its transformers folder.",
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    context = vocabulary.fact(f"{architecture}.context_length")
    return Facts(
        digest,
        architecture,
        int(found.llama_model_n_params(model)),
        int(context) if context.isdigit() else 0,
        format_of(vocabulary.fact("general.file_type")),
        bool(found.llama_model_is_recurrent(model) or found.llama_model_is_hybrid(model)),
    )


def format_of(number: str) -> str:
    """The name of the format that most of a file's weights are in, such as Q4_1."""
    from gguf import LlamaFileType

    try:
        return str(LlamaFileType(int(number)).name).removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        return "not stated"
