"""Conversion: cached by content, checked, and equal to PyTorch at full precision."""

import itertools
import json
import shutil

import pytest

from workbook import convert, models
from workbook.convert import inspect, onnx
from workbook.convert.artifact import digest, load, weight_files
from workbook.errors import CourseError
from workbook.models import chat


@pytest.fixture(scope="session")
def fp32():
    return convert.convert("pocket", "onnx-fp32")


def test_an_artifact_says_what_it_is(fp32):
    assert fp32.name == "onnx-fp32"
    assert fp32.bytes == sum(f.stat().st_size for f in weight_files(fp32.path))
    assert fp32.sha256 == digest(weight_files(fp32.path))
    assert fp32.bytes >= models.geometry("pocket").weight_bytes("fp32")
    assert fp32.difference < 1e-3


def test_a_second_conversion_is_the_first_one(fp32, monkeypatch):
    monkeypatch.setattr(onnx, "_build", None)  # calling it would raise
    assert convert.convert("pocket", "onnx-fp32") == fp32


def test_another_weight_is_another_artifact(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(models.folder("pocket"), folder)
    before = onnx._key(folder, "onnx-int4")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"rope_theta": 9999.0}))
    assert onnx._key(folder, "onnx-int4") != before
    assert onnx._key(folder, "onnx-int4") != onnx._key(folder, "onnx-int8")


def test_an_unfinished_artifact_is_none(fp32, tmp_path):
    unfinished = tmp_path / "artifact"
    shutil.copytree(fp32.path, unfinished)
    assert load(unfinished) is not None
    (unfinished / "artifact.json").unlink()
    assert load(unfinished) is None


def test_max_length_is_bounded(fp32):
    config = json.loads((fp32.path / "genai_config.json").read_text())
    assert config["search"]["max_length"] == models.get("pocket").context


def test_an_unknown_artifact_is_named_with_the_known_ones():
    with pytest.raises(CourseError, match=r"no artifact 'int4'.*onnx-int4"):
        convert.convert("pocket", "int4")


def test_a_failed_build_keeps_nothing_and_says_where_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path / "artifacts")
    broken = tmp_path / "broken"
    shutil.copytree(models.folder("pocket"), broken)
    (broken / "model.safetensors").write_bytes(b"not a safetensors file")
    with pytest.raises(
        CourseError, match=r"conversion of broken to onnx-int4 failed .*convert\.log"
    ):
        convert.convert("pocket", "onnx-int4", folder=broken)
    left = [p for p in (tmp_path / "artifacts" / "pocket").iterdir() if p.is_dir()]
    assert left == []


@pytest.mark.parametrize("what", ["memory", "disk"])
def test_too_little_room_is_said_before_anything_is_made(what, tmp_path, monkeypatch):
    class Little:
        available = 1000 if what == "memory" else 10**15
        free = 1000 if what == "disk" else 10**15

    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path)
    monkeypatch.setattr(onnx.psutil, "virtual_memory", lambda: Little)
    monkeypatch.setattr(onnx.shutil, "disk_usage", lambda _: Little)
    monkeypatch.setattr(onnx, "_build", None)
    with pytest.raises(CourseError, match=f"GB of {what} and 0.0 GB are free"):
        convert.convert("pocket", "onnx-int4")


def test_affordable_leaves_out_what_does_not_fit(monkeypatch):
    class Memory:
        available = onnx._memory(models.folder("pocket")) + 1

    monkeypatch.setattr(onnx.psutil, "virtual_memory", lambda: Memory)
    assert convert.affordable("pocket") == ["onnx-int8", "onnx-int4"]
    Memory.available = 10
    with pytest.raises(CourseError, match="use a larger machine"):
        convert.affordable("pocket")


def test_operators_are_counted_in_branches_too(fp32):
    counts = inspect.operators(fp32.path)
    assert counts["GroupQueryAttention"] == models.geometry("pocket").layers
    assert counts["If"] == 1  # short and long rotary tables


def test_a_weight_is_found_by_name():
    shape = models.geometry("pocket")
    matrix = inspect.weight(models.folder("pocket"), "model.embed_tokens.weight")
    assert matrix.shape == (shape.vocabulary, shape.hidden)
    with pytest.raises(KeyError, match="nowhere"):
        inspect.weight(models.folder("pocket"), "nowhere")


@pytest.mark.slow
def test_full_precision_gives_pytorchs_tokens(fp32):
    """Greedy tokens on 50 prompts, every one equal."""
    from workbook.engine.generation import LocalModel
    from workbook.pocket import families
    from workbook.pocket.score import Scorer

    scorer, local = Scorer(models.folder("pocket")), LocalModel(fp32.path)
    problems = list(itertools.islice(families.training(seed=11), 50))
    for problem in problems:
        messages, tools = problem.messages()[:-1], list(problem.tools)
        expected = scorer.token_ids([chat.render(messages, tools)], max_new_tokens=120)[0]
        answer = local.complete(messages, tools=tools, max_tokens=120).token_ids
        assert [t for t in answer if t not in scorer.end] == expected, problem.prompt
