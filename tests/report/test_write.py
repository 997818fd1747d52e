import errno
import os
from pathlib import Path

import pytest

from promptbench.error import EXIT_NOT_FINISHED, StoreError
from promptbench.report.write import write_report


def test_the_folder_is_made_and_the_path_given(tmp_path: Path):
    path = write_report("<p>ä</p>\n", tmp_path / "reports" / "run")
    assert path == tmp_path / "reports" / "run" / "index.html"
    assert path.read_bytes() == "<p>ä</p>\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_older_page_is_replaced_and_nothing_else_is_left(tmp_path: Path):
    write_report("old", tmp_path)
    write_report("new", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text() == "new"


def test_a_file_in_the_way_is_an_error_with_a_way_out(tmp_path: Path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(StoreError) as caught:
        write_report("page", tmp_path / "reports" / "run")
    assert caught.value.where.endswith("reports/run/index.html")
    assert "promptbench report" in caught.value.hint
    assert caught.value.exit_code == EXIT_NOT_FINISHED


def test_a_full_disk_is_an_error_and_leaves_the_old_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_report("old", tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_report("new", tmp_path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]
