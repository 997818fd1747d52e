"""A suite reads inside its workspace and nowhere else, whatever a path looks like."""

import pytest

from promptbench.error import SuiteError
from promptbench.suite.location import MARKS, inside, workspace_of


def refused(space, name):
    with pytest.raises(SuiteError) as caught:
        inside(space, space / "suites", name, "s.yaml:3")
    assert caught.value.where == "s.yaml:3"
    return caught.value


@pytest.fixture
def space(tmp_path):
    """A workspace beside a folder that is none of its business."""
    for name in ("space/suites", "space/data", "outside", "space-two"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("space/data/a.jsonl", "outside/a.jsonl", "space-two/a.jsonl"):
        (tmp_path / name).write_text("{}")
    return tmp_path / "space"


@pytest.mark.parametrize(
    "name", ["../data/a.jsonl", "./../data/a.jsonl", "x/../../data/a.jsonl", "../data/gone.jsonl"]
)
def test_a_path_inside_is_taken_from_the_suites_folder(space, name):
    found = inside(space, space / "suites", name, "")
    assert found == (space / "data" / name.rsplit("/", 1)[1]).resolve()


def test_an_absolute_path_inside_is_fine(space):
    path = space / "data/a.jsonl"
    assert inside(space, space / "suites", str(path), "") == path.resolve()


@pytest.mark.parametrize(
    "name",
    [
        "../../outside/a.jsonl",
        "../..",
        "/etc/passwd",
        "/",
        "../../space-two/a.jsonl",
        "../data/../../outside/a.jsonl",
        "../../../../../../../../etc/passwd",
    ],
)
def test_a_path_that_leads_out_is_refused(space, name):
    error = refused(space, name)
    assert f"'{name}' leads out of the workspace" in error.what
    assert str(space) in error.hint


def test_an_absolute_path_outside_is_refused(space):
    refused(space, str(space.parent / "outside/a.jsonl"))


def test_a_link_that_leads_out_is_refused(space):
    (space / "data/link.jsonl").symlink_to(space.parent / "outside/a.jsonl")
    (space / "data/folder").symlink_to(space.parent / "outside")
    for name in ("../data/link.jsonl", "../data/folder/a.jsonl", "../data/folder/../a.jsonl"):
        assert "leads out" in refused(space, name).what


def test_a_link_that_stays_inside_is_followed(space):
    (space / "data/link.jsonl").symlink_to(space / "data/a.jsonl")
    found = inside(space, space / "suites", "../data/link.jsonl", "")
    assert found == (space / "data/a.jsonl").resolve()


def test_a_workspace_behind_a_link_is_a_workspace(space):
    (space.parent / "here").symlink_to(space)
    here = space.parent / "here"
    found = inside(here, here / "suites", "../data/a.jsonl", "")
    assert found == (space / "data/a.jsonl").resolve()


def test_links_in_a_circle_are_refused(space):
    (space / "data/circle").symlink_to(space / "data/circle")
    assert "circle" in refused(space, "../data/circle").what


@pytest.mark.parametrize("name", ["a\0b", "\0", "../data/a.jsonl\0.txt"])
def test_a_path_with_a_nul_is_refused(space, name):
    assert "NUL" in refused(space, name).what


@pytest.mark.parametrize("name", ["a" * 300, "../data/" + "\u00e9" * 200, "a/" * 3000])
def test_a_path_longer_than_a_file_system_takes_is_refused(space, name):
    assert "cannot be" in refused(space, name).what


def test_a_path_through_a_file_is_just_not_there(space):
    assert not inside(space, space / "suites", "../data/a.jsonl/b", "").exists()


@pytest.mark.parametrize("mark", MARKS)
def test_the_workspace_is_the_nearest_folder_that_looks_like_a_project(tmp_path, mark):
    for name in ("outer/pyproject.toml", f"outer/project/{mark}", "outer/project/a/b"):
        (tmp_path / name).mkdir(parents=True)
    assert workspace_of(tmp_path / "outer/project/a/b/s.yaml") == tmp_path / "outer/project"
    assert workspace_of(tmp_path / "outer/project/s.yaml") == tmp_path / "outer/project"


def test_a_suite_in_suites_belongs_to_the_folder_around_it(tmp_path):
    (tmp_path / "project/suites").mkdir(parents=True)
    assert workspace_of(tmp_path / "project/suites/s.yaml") == tmp_path / "project"


def test_a_suite_that_is_a_link_belongs_where_it_really_lies(tmp_path):
    for name in ("one/prompts", "two/prompts"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one/s.yaml").write_text("")
    (tmp_path / "two/s.yaml").symlink_to(tmp_path / "one/s.yaml")
    assert workspace_of(tmp_path / "two/s.yaml") == tmp_path / "one"
