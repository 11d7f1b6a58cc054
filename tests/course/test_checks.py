"""What the labs' checks say; tests/test_labs.py proves them on whole submissions."""

import traceback

import numpy as np
import pytest

from workbook.course import checks
from workbook.course.checks import Mistake, lab04

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
    "tie_word_embeddings": True,
}


def said(check, *args, **kwargs):
    """The text of the Mistake that a check raises."""
    with pytest.raises(Mistake) as caught:
        check(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_mistake_shows_only_the_last_frame_of_the_package():
    with pytest.raises(Mistake) as caught:
        lab04.flips(lambda full, quantized: None, [], [])
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == "wrapped" and caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_answer_that_is_not_written_says_so():
    def stub(full, quantized):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match="not answered yet") as caught:
        lab04.flips(stub, [], [])
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == "wrapped" and caught.value.__context__ is None


def test_an_error_in_the_students_code_passes_through():
    def broken(full, quantized):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lab04.flips(broken, [], [])


@pytest.mark.parametrize(
    ("value", "part"),
    [(None, "is a `return` missing?"), (True, "gave bool"), (3.0, "Divide with //"), ("3", "str")],
)
def test_a_whole_number_is_an_int(value, part):
    assert part in said(checks.check(checks.whole), "f()", value)


def test_a_real_number_may_be_numpys():
    assert checks.real("x", np.float64(0.5)) == 0.5 and checks.real("x", 1) == 1.0
    for other in (True, "0.5", np.array(0.5), None):
        with pytest.raises(Mistake):
            checks.real("x", other)


@pytest.mark.parametrize(
    ("off", "part"),
    [
        (-64, "the last norm"),
        (-3 * 2 * 64, "the two norms of each layer"),
        (-(3 * 2 + 1) * 64, "left out the norms"),
        (-(3 + 1) * 64, "one norm a layer"),
        (-3 * 4 * 16 * 64, "output projection"),
        (-3 * 64 * 2 * 16, "keys or values, not both"),
        (64_000, "twice"),
        (7, "Compare each term"),
    ],
)
def test_parameters_names_the_term(off, part):
    assert part in said(lab04.parameters, lambda config: 1_000_000 + off, SMALL, 1_000_000)


def test_an_untied_table_that_is_missing_is_named():
    untied = SMALL | {"tie_word_embeddings": False}
    assert "table of its own" in said(lab04.parameters, lambda config: 1_000_000 - 64_000, untied,
                                      1_000_000)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "part"),
    [(1280, "left out the scales"), (1360, "not 8"), (1600, "not 32"), (6400, "every block")],
)
def test_weight_bytes_names_the_term(found, part):
    # 2560 weights with 4 bits in blocks of 32: 1280 bytes, and 80 scales of 2 bytes
    assert part in said(lab04.weight_bytes, lambda c, b, s: found, SMALL, 4, 32, 1440)
    assert "bits" in said(lab04.weight_bytes, lambda c, b, s: 1440 * 8, SMALL, 4, 32, 1440)


@pytest.mark.parametrize(
    ("factor", "part"),
    [(2, "every query head"), (0.5, "a key and a value"), (8, "bits"), (1 / 5, "every sequence"),
     (1 / 3, "every layer")],
)  # fmt: skip
def test_kv_cache_names_the_term(factor, part):
    right = 2 * 3 * 2 * 16 * 10 * 5 * 2
    args = (SMALL, 10, 5, 16, right)
    assert part in said(lab04.kv_cache_bytes, lambda *_: int(right * factor), *args)
    lab04.kv_cache_bytes(lambda *_: right, *args)


def test_quantize_wants_two_things_of_the_right_kind():
    weights = lab04.sample_weights(2, 32, 0)
    assert "give two things" in said(lab04.quantize_blocks, lambda *_: weights, weights, 4, 16)
    scales = np.abs(weights.reshape(2, 2, 16)).max(axis=2) / 7
    answer = (np.zeros((2, 2, 16), np.int8), scales)
    assert "shape (2, 2, 16)" in said(lab04.quantize_blocks, lambda *_: answer, weights, 4, 16)
    answer = (np.zeros((2, 32), np.int8), scales.astype(np.float64))
    assert "float64" in said(lab04.quantize_blocks, lambda *_: answer, weights, 4, 16)
    answer = (np.zeros((2, 32), np.int8), scales * 7)
    assert "divide it by 7" in said(lab04.quantize_blocks, lambda *_: answer, weights, 4, 16)
    integers = np.floor(weights / np.repeat(scales, 16, axis=1)).astype(np.int8)
    answer = (integers, scales)
    assert "rounded down" in said(lab04.quantize_blocks, lambda *_: answer, weights, 4, 16)


def test_sample_weights_can_tell_the_mistakes_apart():
    weights = lab04.sample_weights(4, 64, 1)
    blocks = weights.reshape(4, 4, 16)
    assert weights.dtype == np.float32
    assert (np.abs(blocks).max(axis=2) != blocks.max(axis=2)).any()
    assert np.array_equal(weights, lab04.sample_weights(4, 64, 1))


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (np.array([1, 2]), ".tolist()"),
        ((1, 2), "gave tuple"),
        ([np.int64(1)], "list of int64"),
        (None, "return"),
    ],
)
def test_generate_wants_a_list_of_int(answer, part):
    assert part in said(checks.check(lab04._tokens), answer)


def test_compare_wants_every_key_and_a_bool():
    full, quantized = lab04.example_results(both=2, lost=1, won=1, neither=0)
    assert "no accuracy_full" in said(lab04.compare, lambda *_: {}, full, quantized, 1.0)
    right = {"accuracy_full": 0.75, "accuracy_quantized": 0.75, "loss_points": 0.0, "p_value": 1.0}
    lab04.compare(lambda *_: right | {"detectable": False}, full, quantized, 1.0)
    for wrong, part in ((True, "p value of 1.0000"), (np.False_, "True or False")):
        answer = right | {"detectable": wrong}
        assert part in said(lab04.compare, lambda *_, a=answer: a, full, quantized, 1.0)


def test_refuses_names_the_wrong_kind_of_error():
    def careless(full, quantized):
        return {}["q"]

    assert "stopped with KeyError" in said(lab04.refuses, careless, [], [], "An id is missing")


def test_flips_names_a_comparison_of_totals():
    full, quantized = lab04.example_results(both=23, lost=7, won=1, neither=9)
    assert "flips in both directions cancel" in said(
        lab04.flips, lambda *_: (6, 0), full, quantized
    )


def test_example_results_come_in_different_orders():
    full, quantized = lab04.example_results(both=23, lost=7, won=1, neither=9)
    assert [r["id"] for r in full] != [r["id"] for r in quantized]
    assert sorted(r["id"] for r in full) == sorted(r["id"] for r in quantized)
    assert sum(r["right"] for r in full) == 30 and sum(r["right"] for r in quantized) == 24
