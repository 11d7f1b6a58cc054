"""What a deployment will take, worked out by hand beside the code."""

import pytest

from workbook import models
from workbook.bench import planning, plots
from workbook.bench.roofline import Ceiling

CEILING = Ceiling(bandwidth=40e9, compute=200e9, threads=2, spread=1.0)
PHI = models.geometry("phi4-mini")


def test_weights_cache_and_bound_are_those_of_the_formulas():
    bf16 = planning.estimate(PHI, CEILING, "bf16", context=4096)
    assert bf16.weights == 2 * PHI.parameters == 7_672_043_520
    assert bf16.cache == 4096 * 131_072 and bf16.bytes == bf16.weights + bf16.cache
    assert bf16.bound.by == "memory"
    assert bf16.bound.tokens_per_second == pytest.approx(40e9 / (7_672_043_520 + 536_870_912))


def test_fewer_bits_raise_the_bound_of_memory_and_more_requests_share_the_weights():
    one = {p: planning.estimate(PHI, CEILING, p, context=128) for p in planning.BLOCK}
    assert one["int4"].weights == pytest.approx(PHI.parameters * 4.5 / 8, rel=1e-6)
    assert one["int8"].weights == pytest.approx(PHI.parameters * 8.5 / 8, rel=1e-6)
    rates = [one[p].bound.tokens_per_second for p in ("bf16", "int8", "int4")]
    assert rates == sorted(rates)
    eight = planning.estimate(PHI, CEILING, "bf16", context=128, batch=8)
    assert 7 < eight.bound.memory / one["bf16"].bound.memory < 8
    assert eight.cache == 8 * one["bf16"].cache
    assert eight.bound.by == "compute"  # 8 x 7.7 GFLOP a token are more than 200 GFLOP/s give
    with pytest.raises(KeyError):
        planning.estimate(PHI, CEILING, "int3", context=128)


def test_the_table_and_the_picture_show_every_estimate():
    line = [planning.estimate(PHI, CEILING, "int4", context=128, batch=b) for b in (1, 64)]
    rows = planning.table(line, "A caption").rows
    assert [row["requests at once"] for row in rows] == ["1", "64"]
    assert [row["set by"] for row in rows] == ["memory", "compute"]
    figure = plots.roofline({"int4": line})
    (axis,) = figure.axes
    assert list(axis.lines[0].get_xdata()) == [1, 64]
    assert list(axis.lines[1].get_xdata()) == [64]  # the hollow one
