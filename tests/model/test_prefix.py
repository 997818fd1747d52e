from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.model.local.prefix import Path, common_length, find_paths

PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12).map(tuple), max_size=12)


def whole(path: Path) -> tuple[int, ...]:
    """A path's tokens put together again."""
    return sum((s.tokens for s in path.segments), ()) + path.own


def test_a_beginning_that_all_share_is_one_segment():
    prompts = [(1, 2, 3, 4, n) for n in range(5, 9)]
    paths = find_paths(prompts, least=2)
    assert {path.segments for path in paths} == {paths[0].segments}
    (segment,) = paths[0].segments
    assert (segment.tokens, segment.start, segment.users) == ((1, 2, 3, 4), 0, 4)


def test_a_longer_beginning_that_some_share_is_nested_in_the_shorter_one():
    prompts = [(1, 1, 5, 5, 7), (1, 1, 5, 5, 8), (1, 1, 9)]
    by_prompt = {path.prompt: path for path in find_paths(prompts, least=2)}
    assert [s.tokens for s in by_prompt[0].segments] == [(1, 1), (5, 5)]
    assert [s.tokens for s in by_prompt[2].segments] == [(1, 1)]
    assert by_prompt[0].segments[1].parent is by_prompt[0].segments[0]
    assert [s.users for s in by_prompt[1].segments] == [3, 2]


def test_a_common_beginning_that_saves_too_little_is_not_shared():
    two = [(1, 2, 3), (1, 2, 4)]
    assert all(not path.segments for path in find_paths(two, least=3))
    assert all(path.segments for path in find_paths([*two, (1, 2, 5)], least=3))


def test_what_is_not_worth_a_segment_of_its_own_becomes_part_of_the_longer_ones():
    prompts = [(1, 5, 5, 5, 7), (1, 5, 5, 5, 8), (1, 6, 6, 6, 7), (1, 6, 6, 6, 8)]
    paths = find_paths(prompts, least=3)
    assert {s.tokens for path in paths for s in path.segments} == {(1, 5, 5, 5), (1, 6, 6, 6)}


def test_thousands_of_prompts_that_continue_one_another_are_no_trouble():
    prompts = [tuple(range(n)) for n in range(1, 1500)]
    assert len(find_paths(prompts, least=1)) == len(prompts)


def test_equal_prompts_keep_a_token_of_their_own():
    paths = find_paths([(1, 2, 3)] * 3, least=2)
    assert [path.own for path in paths] == [(3,)] * 3
    assert paths[0].segments[0].tokens == (1, 2)


def test_a_prompt_that_another_continues_keeps_a_token_of_its_own():
    assert common_length((1, 2), (1, 2, 3)) == 1


@settings(deadline=None)
@given(PROMPTS, st.integers(1, 4))
def test_every_prompt_is_its_path_put_together(prompts: list[tuple[int, ...]], least: int):
    paths = find_paths(prompts, least)
    assert sorted(path.prompt for path in paths) == list(range(len(prompts)))
    for path in paths:
        assert whole(path) == prompts[path.prompt]
        assert path.own
        assert path.start == len(prompts[path.prompt]) - len(path.own)


@settings(deadline=None)
@given(PROMPTS, st.integers(1, 4))
def test_a_segment_counts_its_users_and_saves_enough(prompts: list[tuple[int, ...]], least: int):
    paths = find_paths(prompts, least)
    segments = {segment for path in paths for segment in path.segments}
    for segment in segments:
        below = [path for path in paths if segment in path.segments]
        assert segment.users == len(below) >= 2
        assert len(segment.tokens) * (segment.users - 1) >= least


@settings(deadline=None)
@given(PROMPTS)
def test_no_two_rests_or_segments_at_one_place_begin_alike(prompts: list[tuple[int, ...]]):
    seen: set[tuple[object, int]] = set()
    paths = find_paths(prompts, least=1)
    for segment in {s for path in paths for s in path.segments}:
        key = (segment.parent, segment.tokens[0])
        assert key not in seen
        seen.add(key)
