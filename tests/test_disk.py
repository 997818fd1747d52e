import os
import sys
import threading
from pathlib import Path

import pytest

from promptbench.disk import make_folder, move_whole, replacing, write_whole


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="broken"), replacing(path) as made:
        made.write_text("half", encoding="utf-8")
        raise ValueError("broken")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [
        ("table.csv", "before")
    ]
    write_whole(path, "after\nall\n")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"after\nall\n"]


def test_what_is_written_can_be_read_by_others(tmp_path: Path):
    write_whole(tmp_path / "page.html", "text")
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o644


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path):
    path = tmp_path / ("\N{GREEK SMALL LETTER ALPHA}" * 127)
    write_whole(path, "text")
    assert path.read_text(encoding="utf-8") == "text"


def test_nothing_is_written_through_a_link(tmp_path: Path):
    aim, link = tmp_path / "aim", tmp_path / "link"
    aim.write_text("mine", encoding="utf-8")
    link.symlink_to(aim)
    write_whole(link, "text")
    assert (aim.read_text(encoding="utf-8"), link.is_symlink()) == ("mine", False)
    link.unlink()
    link.symlink_to("/dev/full")
    write_whole(link, "text")
    assert link.read_text(encoding="utf-8") == "text"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path):
    path, heard = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: heard.append(path.read_text(encoding="utf-8")))
    reader.start()
    write_whole(path, "text")
    reader.join()
    assert (heard, path.is_fifo()) == (["text"], True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
def test_a_device_is_not_replaced():
    with pytest.raises(OSError, match="No space left"):
        write_whole(Path("/dev/full"), "text")
    assert Path("/dev/full").is_char_device()
    assert not [each for each in Path("/dev").iterdir() if each.name.startswith(".full")]


def test_a_folder_gets_its_name_and_the_old_one_another(tmp_path: Path):
    made, there, old = (tmp_path / name for name in ("made", "there", "old"))
    for folder in (made, there):
        make_folder(folder / "deep")
        (folder / "deep" / "file").write_text(folder.name, encoding="utf-8")
    move_whole(made, there, old)
    assert (there / "deep" / "file").read_text(encoding="utf-8") == "made"
    assert (old / "deep" / "file").read_text(encoding="utf-8") == "there"
    assert not made.exists()


def test_a_folder_that_is_there_is_not_replaced_unless_that_is_asked_for(tmp_path: Path):
    for name in ("made", "there"):
        make_folder(tmp_path / name)
        (tmp_path / name / "file").write_text(name, encoding="utf-8")
    with pytest.raises(OSError, match="not empty"):
        move_whole(tmp_path / "made", tmp_path / "there")
    assert (tmp_path / "there" / "file").read_text(encoding="utf-8") == "there"
