"""The formulas, on records whose figures were worked out by hand."""

import random

import numpy as np
import pytest

from workbook.bench import metrics
from workbook.bench.metrics import Distribution, Limits, summarise
from workbook.bench.records import Record

# Four clients' requests within ten seconds; see the comments for their TTFT, TPOT and E2E.
RECORDS = [
    Record("ok", 0, 0, 0.9, first=0.5, last=0.9, prompt_tokens=9, output_tokens=9,
           chunks=[0.5, 0.7, 0.9]),  # 0.5, 0.05, 0.9
    Record("ok", 1, 1, 3.1, first=2.0, last=3.0, prompt_tokens=9, output_tokens=11,
           chunks=[2.0, 3.0]),  # 1.0, 0.1, 2.0
    Record("ok", 4, 4, 4.25, first=4.25, last=4.25, prompt_tokens=8, output_tokens=1,
           chunks=[4.25]),  # 0.25, none, 0.25
    Record("refused", 5, 5, 5.1, http=429),
    Record("timeout", 6, 6, 10.0, first=6.5, last=7.0, chunks=[6.5, 7.0]),
]  # fmt: skip


def test_rates_count_whole_answers_over_the_whole_time():
    found = summarise(RECORDS)
    assert found.seconds == 10.0 and found.requests == 5
    assert found.output_tokens == 21
    assert (found.tokens_per_second, found.requests_per_second) == (2.1, 0.3)
    assert found.counts == {
        "ok": 3, "refused": 1, "error": 0, "broken": 0, "timeout": 1, "interrupted": 0,
    }  # fmt: skip
    assert found.output_lengths == (1, 11) and found.prompt_lengths == (8, 9)
    assert found.tokens_per_chunk == 21 / 6


def test_latencies_are_those_of_whole_answers():
    found = summarise(RECORDS)
    assert (found.ttft.n, found.tpot.n, found.itl.n, found.e2e.n) == (3, 2, 3, 3)
    assert found.ttft.mean == pytest.approx((0.5 + 1.0 + 0.25) / 3)
    assert found.tpot.mean == pytest.approx((0.05 + 0.1) / 2)
    assert found.itl.mean == pytest.approx((0.2 + 0.2 + 1.0) / 3)
    assert found.e2e.largest == 2.0


@pytest.mark.parametrize(
    ("limits", "good"),
    [
        (Limits(), 3),
        (Limits(ttft=0.5), 2),
        (Limits(tpot=0.06), 2),  # one token: nothing that could be too slow
        (Limits(e2e=0.25), 1),
        (Limits(ttft=0.4, tpot=0.06), 1),
        (Limits(ttft=0.1), 0),
    ],
)
def test_goodput_counts_what_keeps_every_limit(limits, good):
    found = summarise(RECORDS, limits)
    assert (found.goodput, found.good_share) == (good / 10, good / 5)


def test_an_open_loop_counts_from_the_schedule():
    late = Record("ok", due=2.0, sent=3.0, end=4.0, first=3.5, last=4.0, output_tokens=2)
    found = summarise([late])
    assert (found.ttft.mean, found.e2e.mean, found.lag.largest) == (1.5, 2.0, 1.0)
    assert found.seconds == 2.0


def test_warm_ups_count_nowhere_and_something_must_be_measured():
    warm = Record("ok", 0, 0, 99.0, first=50.0, last=99.0, output_tokens=1000, warmup=True)
    assert summarise([warm, *RECORDS]) == summarise(RECORDS)
    with pytest.raises(ValueError, match="no measured request"):
        summarise([warm])


def test_answers_that_were_not_counted_give_no_rate():
    uncounted = Record("ok", 0, 0, 1.0, first=0.5, last=1.0)
    found = summarise([uncounted, RECORDS[0]])
    assert found.output_tokens is None and found.tokens_per_second is None
    assert found.requests_per_second == 2.0


def test_nothing_answered_is_no_division_by_zero():
    found = summarise([RECORDS[3]])
    assert found.tokens_per_second == found.goodput == 0 and found.ttft.median is None


def test_percentiles_are_numpys():
    chance = random.Random(1)
    for size in (1, 2, 7, 100):
        values = [chance.random() for _ in range(size)]
        for p in (0.0, 0.5, 0.95, 0.99, 1.0):
            expected = float(np.percentile(values, 100 * p))
            assert metrics.percentile(values, p) == pytest.approx(expected)
    with pytest.raises(ValueError, match="at least one"):
        metrics.percentile([], 0.5)


def test_a_percentile_wants_a_sample_that_supports_it():
    assert [metrics.needed(p) for p in (0.5, 0.95, 0.99)] == [5, 59, 299]
    for p in (0.5, 0.95, 0.99):  # the rule, at its edge
        assert p ** metrics.needed(p) <= 0.05 < p ** (metrics.needed(p) - 1)
    few, some = Distribution.of([1.0] * 4), Distribution.of([1.0] * 59 + [None])
    assert (few.median, few.p95, few.mean) == (None, None, 1.0)
    assert (some.n, some.median, some.p95, some.p99) == (59, 1.0, 1.0, None)
    assert Distribution.of([1.0] * 299).p99 == 1.0
    assert "59" in metrics.RULE and "299" in metrics.RULE and "Wilks" in metrics.RULE
