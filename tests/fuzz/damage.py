"""Bytes that were a real file: cut, doubled, moved, and mixed with what parsers stumble over."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

ODD = [
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\n\n", b"\t", b"\xc2\xa0"),
    *(
        b'"',
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b": ",
        b"- ",
        b"#",
        b"&a",
        b"*a",
        b"!!python/x",
        b"\\",
    ),
    *(b"null", b"~", b"NaN", b"1e999", b"0x1F", b"012", b"9" * 400, b"true", b"<<: *a", b"---\n"),
    *(b"\\u0000", b"\\ud800", b'{"a": ', b"[" * 60, b'""', b",", b",,", b"%", b"|\n", b">-\n"),
]


@st.composite
def damaged(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after a few edits."""
    content = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        content = edited(draw, content)
    return content


def edited(draw: st.DrawFn, content: bytes) -> bytes:
    """One edit somewhere."""
    at, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    end = min(end, at + draw(st.sampled_from([1, 3, 20, 300])))
    kind = draw(st.sampled_from(["cut", "double", "insert", "replace", "line", "bytes"]))
    if kind == "cut":
        return content[:at] + content[end:]
    if kind == "double":
        return content[:end] + content[at:end] * draw(st.integers(1, 3)) + content[end:]
    if kind == "line":
        lines = content.split(b"\n")
        place = draw(st.integers(0, len(lines) - 1))
        lines.insert(draw(st.integers(0, len(lines))), lines[place])
        return b"\n".join(lines)
    fresh = draw(st.binary(max_size=8)) if kind == "bytes" else draw(st.sampled_from(ODD))
    return content[:at] + fresh + content[at if kind == "insert" else end :]
