from __future__ import annotations

import subprocess

import pytest

from tests.supply.licenses import ABSENT, READ, foreign, license_of
from tests.supply.lock import ROOT, installed, locked

TABLE = (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8")
THIRD = (ROOT / "docs" / "third-party.md").read_text(encoding="utf-8")
# Proprietary: comes with PyPI's torch for Linux, and nothing else asks for it.
CUDA = ("nvidia-", "cuda-", "triton")


def tracked(*paths: str) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z", *paths], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("no clone of the repository")
    return [name for name in done.stdout.split("\0") if name]


def test_every_installed_package_of_a_lock_has_a_license_of_the_allowed_ones():
    found = {name: installed(name) for name in locked()}
    licenses = {name: license_of(package) for name, package in found.items() if package}
    assert len(licenses) > 60
    assert {name: text for name, text in licenses.items() if foreign(text)} == {}


@pytest.mark.parametrize("text", ["GPL-3.0-only", "MIT AND AGPL-3.0", "unknown", ""])
def test_another_license_is_found_out(text: str):
    assert foreign(text)


def test_a_license_that_was_read_by_hand_is_of_a_package_that_is_locked():
    assert READ.keys() <= locked().keys()


def test_the_table_of_licenses_names_every_locked_version():
    missing = [n for n, pin in locked().items() if f"| {n} | {pin.version} |" not in TABLE]
    assert missing == []


def test_the_table_leaves_open_only_what_other_systems_install():
    lines = [line for line in TABLE.splitlines() if ABSENT in line]
    names = [line.split("|")[1].strip() for line in lines]
    here = [n for n in names if locked()[n].applies and not n.startswith(CUDA)]
    assert here == []


DATA = ["suites/*/*", "promptbench/tune/probe/*", "promptbench/metric/words.txt"]


def test_every_file_of_data_is_listed_with_its_source_and_license():
    files = [name for name in tracked(*DATA) if not name.endswith(("SOURCE.md", ".py"))]
    assert len(files) > 20
    assert [name for name in files if f"`{name}`" not in THIRD] == []


def test_every_folder_of_data_says_where_it_is_from():
    folders = {(ROOT / name).parent for name in tracked("suites/*/*", "promptbench/tune/probe/*")}
    assert [str(folder) for folder in folders if not (folder / "SOURCE.md").is_file()] == []


def test_every_embedded_model_is_listed_with_its_license():
    from promptbench.model.wheel import EMBEDDED

    for model in EMBEDDED.values():
        assert f"| `{model.name}` | {model.origin} | {model.license} |" in THIRD


def test_nothing_that_was_built_elsewhere_is_in_the_repository():
    kinds = (".woff", ".woff2", ".ttf", ".min.js", ".whl", ".so", ".gguf", ".safetensors", ".onnx")
    assert [name for name in tracked() if name.endswith(kinds)] == []
