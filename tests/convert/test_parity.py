"""The check that stands between a wrong conversion and everybody who would use it."""

import json
import math

import numpy as np
import pytest

from workbook import convert
from workbook.convert import parity
from workbook.errors import CourseError
from workbook.pocket import geometry, tokenizer


def logits(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(50, 200)).astype(np.float32)


def test_equal_logits_show_no_difference():
    found = parity.compare(logits(), logits())
    assert (found.largest, found.relative, found.agreement) == (0, 0, 1)


def test_unrelated_logits_differ_by_more_than_their_spread():
    found = parity.compare(logits(0), logits(1))
    assert found.relative > 1
    assert found.agreement < 0.2


def test_logits_of_other_shapes_do_not_compare():
    with pytest.raises(ValueError, match="do not compare"):
        parity.compare(logits(), logits()[:, :-1])


@pytest.mark.parametrize("shift, passes", [(5e-4, True), (2e-3, False)])
def test_full_precision_may_differ_by_a_thousandth(shift, passes):
    found = parity.compare(logits(), logits() + np.float32(shift))
    if passes:
        parity.check(found, "onnx-fp32")
    else:
        with pytest.raises(CourseError, match="onnx-fp32 is wrong: a logit differs"):
            parity.check(found, "onnx-fp32")


@pytest.mark.parametrize("name", ["onnx-int8", "onnx-int4"])
def test_quantized_artifacts_may_not_compute_something_else(name):
    with pytest.raises(CourseError, match=f"{name} is wrong"):
        parity.check(parity.compare(logits(0), logits(1)), name)


@pytest.mark.parametrize("name", parity.RELATIVE_LIMITS)
def test_logits_that_are_not_numbers_fail(name):
    broken = logits()
    broken[3, 7] = np.nan
    with pytest.raises(CourseError, match="is wrong"):
        parity.check(parity.compare(logits(), broken), name)


def test_every_recipe_has_a_limit():
    assert set(parity.RELATIVE_LIMITS) == set(convert.RECIPES)


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx-fp32", "onnx-int4"])
def test_the_builders_silent_mistake_is_refused(tmp_path, monkeypatch, to):
    """A model whose vocabulary is as wide as a projection: the builder takes the projection for
    the language-model head, says nothing, and the model talks nonsense."""
    import torch
    from transformers import AutoConfig, Phi3ForCausalLM

    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path / "artifacts")
    folder = tmp_path / "trap"
    tokenizer.save(tokenizer.train(examples=2000), folder)
    shape = geometry.config(hidden_size=192, layers=2, intermediate_size=512)
    shape |= {"intermediate_size": shape["vocab_size"] // 2}
    (folder / "config.json").write_text(json.dumps(shape))
    torch.manual_seed(0)
    model = Phi3ForCausalLM(AutoConfig.from_pretrained(folder))
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.08)
    model.save_pretrained(folder)
    with pytest.raises(CourseError, match=r"is wrong|failed"):
        convert.convert("pocket", to, folder=folder)
    assert not list((tmp_path / "artifacts" / "pocket").glob("*/model.onnx"))


def test_pockets_shape_cannot_fall_into_that_trap():
    with pytest.raises(ValueError, match="equals a projection width"):
        geometry.config(intermediate_size=geometry.VOCABULARY // 2)


def test_the_figures_are_those_of_a_worked_example():
    reference = np.array([[0.0, 2.0], [4.0, 2.0]])  # standard deviation sqrt(2)
    found = parity.compare(reference, np.array([[0.0, 2.0], [1.0, 2.0]]))
    assert found.largest == 3  # the logit fell: the sign does not count
    assert found.relative == pytest.approx(1.5 / math.sqrt(2))
    assert found.agreement == 0.5


@pytest.mark.parametrize(
    "name, largest, relative, passes",
    [
        ("onnx-fp32", 1e-3, 1e-3, True),
        ("onnx-fp32", 1.01e-3, 0.0, False),
        ("onnx-fp32", 0.0, 1.01e-3, False),
        ("onnx-fp32", math.nan, 0.0, False),
        ("onnx-fp32", 0.0, math.nan, False),
        ("onnx-int8", 9.0, 0.25, True),
        ("onnx-int8", 0.0, 0.251, False),
        ("onnx-int8", 0.0, math.nan, False),
        ("onnx-int4", 9.0, 1.0, True),
        ("onnx-int4", 0.0, 1.001, False),
    ],
)
def test_the_limits_are_exactly_these(name, largest, relative, passes):
    found = parity.Parity(largest, relative, 1.0)
    if passes:
        parity.check(found, name)
    else:
        with pytest.raises(CourseError, match=f"{name} is wrong"):
            parity.check(found, name)
