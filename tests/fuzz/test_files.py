"""Real suites and data files with random damage: read, or refused with the file's name, in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import target
from tests.fuzz.damage import damaged

Target = Callable[[Path, bytes], str]
LONGEST = 5.0
FEW = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=5000)


def survive(load: Target, folder: Path, content: bytes) -> None:
    """Whatever the bytes are, it ends in time, and not in an exception of its own."""
    started = time.monotonic()
    assert load(folder, content) in ("read", "refused")
    assert time.monotonic() - started < LONGEST


@FEW
@given(content=damaged(target.suites()))
def test_a_damaged_suite_is_read_or_refused(tmp_path: Path, content: bytes):
    survive(target.load_suite, tmp_path, content)


@FEW
@given(content=damaged(target.data()))
def test_a_damaged_data_file_is_read_or_refused(tmp_path: Path, content: bytes):
    survive(target.load_data, tmp_path, content)


@FEW
@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes):
    survive(target.load_suite, tmp_path, content)
    survive(target.load_data, tmp_path, content)


@pytest.mark.long
@MANY
@given(content=damaged(target.suites()))
def test_many_damaged_suites_are_read_or_refused(tmp_path: Path, content: bytes):
    survive(target.load_suite, tmp_path, content)


@pytest.mark.long
@MANY
@given(content=damaged(target.data()))
def test_many_damaged_data_files_are_read_or_refused(tmp_path: Path, content: bytes):
    survive(target.load_data, tmp_path, content)
