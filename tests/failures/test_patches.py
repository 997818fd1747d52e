"""The patches fit the tree, every row has some, and the page names them all."""

from __future__ import annotations

import pytest

from tests.failures.patch import FOLDER, ROOT, Patch, patches

ROWS = range(1, 24)


def test_every_row_has_a_test_and_a_failure_to_put_back():
    found = patches()
    assert {patch.row for patch in found} == set(ROWS)
    modules = sorted(path.name[5:7] for path in FOLDER.glob("test_[0-9]*.py"))
    assert modules == [f"{row:02}" for row in ROWS]
    assert len({patch.said for patch in found}) == len(found)


@pytest.mark.parametrize("patch", patches(), ids=lambda patch: patch.name)
def test_every_patch_fits_the_tree(patch: Patch):
    checked = patch.apply(ROOT, "--check")
    assert checked.returncode == 0, checked.stderr
    assert patch.files
    assert all(name.startswith("promptbench/") for name in patch.files)


def test_the_page_names_every_patch_and_none_survived():
    page = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    named = {(cells[2].strip("`"), cells[1]) for cells in lines}
    assert named == {(patch.name, patch.said) for patch in patches()}
    assert f"{len(lines)} failures put back. None survived." in page
