from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model.wheel import build_wheel
from tests.supply.lock import ALL, LOCKS, ROOT, RUN, closure, constraints, declared, locked
from tests.supply.lock import read_lock as read

EVERY = [*ALL, "torch-cpu"]
CUDA = re.compile("cuda-|nvidia-|triton$")  # only PyPI's torch for Linux asks for these


@pytest.mark.parametrize("name", EVERY)
def test_every_package_of_a_lock_has_one_version_and_sha_256_hashes(name: str):
    pins = read(LOCKS / f"{name}.lock")
    assert pins
    assert [
        pin.requirement.name
        for pin in pins
        if [s.operator for s in pin.requirement.specifier] != ["=="]
    ] == []
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert [
        h for pin in pins for h in pin.hashes if not re.fullmatch("sha256:[0-9a-f]{64}", h)
    ] == []


def test_the_locks_do_not_contradict_each_other():
    versions: dict[str, set[str]] = {}
    for name in EVERY:
        for pin in read(LOCKS / f"{name}.lock"):
            versions.setdefault(pin.name, set()).add(pin.version.partition("+")[0])
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_constraints_and_locks_name_the_same_versions():
    pins = {name: pin.version for name, pin in locked().items()}
    constrained = constraints()
    here = {name for name, pin in locked((*RUN, "dev", "gguf")).items() if pin.applies}
    tools = locked(("build",)).keys()
    assert sorted(n for n in here - constrained.keys() - tools if not CUDA.match(n)) == []
    assert {name for name in constrained if name not in pins} == set()
    assert {n: (v, pins[n]) for n, v in constrained.items() if pins[n] != v} == {}


@pytest.mark.parametrize(
    ("extras", "names"), [((), RUN), (("dev",), (*RUN, "dev")), (("gguf",), (*RUN, "gguf"))]
)
def test_the_ranges_of_pyproject_admit_what_is_locked(
    extras: tuple[str, ...], names: tuple[str, ...]
):
    pins = locked(names)
    asked = list(declared(*extras))
    assert [
        r.name for r in asked if not r.specifier.contains(pins[canonical(r.name)].version)
    ] == []


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_installed_here_for_promptbench_is_what_is_locked():
    pins = locked()
    found = closure(declared("dev"))
    assert len(found) > 60
    assert sorted(found.keys() - pins.keys()) == []
    wrong = {n: v for n, v in found.items() if v.partition("+")[0] != pins[n].version}
    assert wrong == {}


def test_what_run_needs_is_in_the_locks_of_run():
    assert sorted(closure(declared()).keys() - locked((*RUN, "build")).keys()) == []


@pytest.mark.parametrize("target", ["run", "test"])
def test_make_installs_nothing_that_has_no_hash(target: str):
    command = ["make", "--dry-run", "--always-make", target, f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert len(lines) >= 4
    direct = [line for line in lines if "torch.sh" not in line]  # of which tests follow
    # Only promptbench's own folder is installed without one; then nothing may be fetched.
    assert [x for x in direct if "--require-hashes" not in x and "--no-index" not in x] == []
    # What is built is built with locked tools, or nothing is.
    isolated = ("--no-build-isolation", "--only-binary")
    assert [x for x in direct if not any(option in x for option in isolated)] == []


# The CPU build of torch, or PyPI's


@pytest.fixture
def torch(tmp_path: Path) -> Path:
    """A folder with the script, a wheel in the role of torch, and a lock that names the wheel."""
    shutil.copy(LOCKS / "torch.sh", tmp_path)
    wheel = build_wheel(tmp_path / "wheels")
    digest = subprocess.check_output(["sha256sum", str(wheel)], text=True).split()[0]
    (tmp_path / "torch.lock").write_text(f"fake-wheel-model==1.0 --hash=sha256:{digest}\n")
    return tmp_path


def install(folder: Path) -> subprocess.CompletedProcess[str]:
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--no-cache-dir"]
    options = ["--find-links", str(folder / "wheels"), "--target", str(folder / "site")]
    command = ["bash", str(folder / "torch.sh"), *pip, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_where_there_is_no_cpu_build_of_torch_the_other_is_installed(torch: Path):
    (torch / "torch-cpu.lock").write_text(f"fake-wheel-model==1.0+cpu --hash=sha256:{'0' * 64}\n")
    done = install(torch)
    assert done.returncode == 0, done.stderr
    assert (torch / "site" / "fake_wheel_model" / "weights.gguf").is_file()


def test_a_cpu_build_of_torch_with_another_hash_is_refused_not_passed_over(torch: Path):
    (torch / "torch-cpu.lock").write_text(f"fake-wheel-model==1.0 --hash=sha256:{'0' * 64}\n")
    done = install(torch)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (torch / "site").exists()
