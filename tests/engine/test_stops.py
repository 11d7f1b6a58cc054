"""Stop strings, whatever the pieces are that text comes in."""

import itertools

import pytest

from workbook.engine.stops import StopStrings


def feed(stops: list[str], pieces: list[str]) -> tuple[str, bool]:
    ends = StopStrings(stops)
    text = "".join(ends.feed(piece) for piece in pieces) + ends.flush()
    assert ends.taken == len(text)
    return text, ends.found


@pytest.mark.parametrize(
    "stops, text, kept",
    [
        (["END"], "one END two", "one "),
        (["END"], "one EN", "one EN"),
        (["END"], "EEND", "E"),
        (["aab"], "aaab", "a"),
        (["b", "ab"], "xab", "x"),
        (["\n\n", "stop"], "a\nb\n\nc", "a\nb"),
        (["日本"], "x日日本", "x日"),
        ([], "all of it", "all of it"),
    ],
)
def test_the_text_ends_at_the_first_stop_however_it_is_cut(stops, text, kept):
    places = range(1, len(text))
    cuts = [c for n in range(min(4, len(text))) for c in itertools.combinations(places, n)]
    for cut in cuts:
        ends = [0, *cut, len(text)]
        pieces = [text[a:b] for a, b in itertools.pairwise(ends)]
        assert feed(stops, pieces) == (kept, kept != text)


def test_only_what_may_be_a_stop_is_held_back():
    ends = StopStrings(["END"])
    assert [ends.feed(piece) for piece in ("a", "E", "N", "x", "END", "more")] == [
        "a", "", "", "ENx", "", "",
    ]  # fmt: skip
    assert ends.flush() == ""
