"""Conversion: cached by content, checked, and equal to PyTorch at full precision."""

import itertools
import json
import shutil
import threading
import time

import pytest

from workbook import convert, models
from workbook.convert import converter, inspect, onnx, parity, running
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
    monkeypatch.setattr(onnx, "build", None)  # calling it would raise
    assert convert.convert("pocket", "onnx-fp32") == fp32


def test_another_weight_is_another_artifact(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(models.folder("pocket"), folder)
    before = converter._key(folder, "onnx-int4", 4096)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"rope_theta": 9999.0}))
    after = converter._key(folder, "onnx-int4", 4096)
    assert len({before, after, converter._key(folder, "onnx-int8", 4096)}) == 3
    assert converter._key(folder, "onnx-int4", 2048) != after


def test_another_converter_or_recipe_is_another_artifact(monkeypatch):
    folder = models.folder("pocket")
    before = converter._key(folder, "onnx-int4", 4096)
    monkeypatch.setattr(converter.importlib.metadata, "version", lambda _: "0.0.1")
    assert converter._key(folder, "onnx-int4", 4096) != before
    monkeypatch.undo()
    monkeypatch.setitem(converter.RECIPES, "onnx-int4", onnx.Recipe("int4", ("block_size=128",)))
    assert converter._key(folder, "onnx-int4", 4096) != before


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


@pytest.mark.slow
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
    monkeypatch.setattr(converter.psutil, "virtual_memory", lambda: Little)
    monkeypatch.setattr(converter.shutil, "disk_usage", lambda _: Little)
    monkeypatch.setattr(onnx, "build", None)
    with pytest.raises(CourseError, match=f"GB of {what} and 0.0 GB are free"):
        convert.convert("pocket", "onnx-int4")


def test_affordable_leaves_out_what_does_not_fit(monkeypatch):
    class Memory:
        available = converter._room(models.folder("pocket"), "onnx-int4")["memory"]

    monkeypatch.setattr(converter.psutil, "virtual_memory", lambda: Memory)
    assert convert.affordable("pocket") == ["onnx-int4"]
    with pytest.raises(CourseError, match=r"to onnx-fp32 needs .* GB of memory"):
        converter._check_room(models.folder("pocket"), "onnx-fp32")
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


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Conversions without the model builder; gives the list of builds that were made."""
    builds = []

    def build(to, source, out, **_):
        builds.append(to)
        time.sleep(0.2)
        out.mkdir()
        (out / "model.onnx").write_bytes(b"graph")

    monkeypatch.setattr("workbook.paths.ARTIFACTS", tmp_path)
    monkeypatch.setattr(onnx, "build", build)
    monkeypatch.setattr(converter, "_measure", lambda *_, **__: parity.Parity(0.0, 0.0, 1.0))
    return builds


def test_two_conversions_at_once_build_once(quick):
    threads = [threading.Thread(target=convert.convert, args=("pocket",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quick == ["onnx-int4"]


def test_what_an_interrupted_conversion_left_is_replaced(quick):
    made = convert.convert("pocket")
    (made.path / "artifact.json").unlink()
    (made.path / "left over").touch()
    killed = made.path.parent / f".making-{made.path.name}-killed"
    killed.mkdir()
    assert convert.convert("pocket").path == made.path
    assert not (made.path / "left over").exists()
    assert not killed.exists()


def test_a_wrong_conversion_is_not_kept(quick, tmp_path, monkeypatch):
    monkeypatch.setattr(converter, "_measure", lambda *_, **__: parity.Parity(9.0, 1.4, 0.0))
    with pytest.raises(CourseError, match="onnx-int4 is wrong"):
        convert.convert("pocket")
    assert [p for p in (tmp_path / "pocket").iterdir() if p.is_dir()] == []


def test_max_length_is_bounded_in_a_fresh_conversion(monkeypatch, tmp_path):
    def run(command, _):
        out = tmp_path / "out"
        out.mkdir()
        (out / "model.onnx").write_bytes(b"graph")
        (out / "genai_config.json").write_text('{"search": {"max_length": 131072}}')
        return ""

    monkeypatch.setattr(running, "run", run)
    out = tmp_path / "out"
    onnx.build("onnx-int4", tmp_path, out, context=77, cache=tmp_path / "cache")
    assert json.loads((out / "genai_config.json").read_text())["search"]["max_length"] == 77


def test_a_builder_that_writes_nothing_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(running, "run", lambda *_: "")
    with pytest.raises(CourseError, match=r"wrote no model\.onnx"):
        onnx.build("onnx-int4", tmp_path, tmp_path / "out", context=1, cache=tmp_path / "cache")


def test_a_folder_that_is_no_model_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match=r"no Hugging Face folder .*config\.json is missing"):
        convert.convert("pocket", folder=tmp_path)
    with pytest.raises(CourseError, match="no model 'mine'"):
        convert.convert("mine", folder=models.folder("pocket"))


@pytest.mark.parametrize("card", ["{", '{"name": "x"}', "[]"])
def test_a_card_that_cannot_be_read_is_no_artifact(tmp_path, card):
    (tmp_path / "artifact.json").write_text(card)
    assert load(tmp_path) is None
