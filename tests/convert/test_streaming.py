"""The weights go through the model builder one matrix at a time: same bits, little memory."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from workbook import convert, models, paths, runtimes
from workbook.convert import converter, gguf, running
from workbook.convert import onnx as onnx_recipes
from workbook.convert.mapped import Mapped, empty
from workbook.errors import CourseError
from workbook.models import shapes

OPTIONS = {
    "int4": ("int4", "block_size=32", "accuracy_level=4", "algo_config=rtn"),
    "int4 asymmetric": ("int4", "algo_config=rtn", "is_symmetric=false"),
    "int4 mixed": ("int4", "algo_config=k_quant_mixed"),
    "int8": ("int8",),
    "fp32": ("fp32",),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A checkpoint whose output matrix is quantized in slices."""
    folder = tmp_path_factory.mktemp("small")
    geometry = models.geometry("phi4-mini-shape-1-8")
    shallow = replace(geometry, layers=2)
    assert shallow.embedding > 2 * 2**22
    shapes.write(shallow, folder, name="small", tokenizer=models.folder("pocket"))
    shapes.write_weights(shallow, folder)
    return folder


def build(module: str, source: Path, out: Path, precision: str, *options: str) -> Path:
    flags = ["-i", "-o", "-c", "-p"] if module.startswith("onnx") else []
    flags = flags or ["--source", "--out", "--cache", "--precision"]
    values = [source, out, out.with_name(out.name + "-cache"), precision]
    command = [part for pair in zip(flags, values, strict=True) for part in pair]
    if module.startswith("onnx"):
        command += ["-e", "cpu", "--extra_options", "hf_remote=false"]
    running.run([sys.executable, "-m", module, *map(str, command), *options], "The conversion")
    return out


def weights(folder: Path) -> dict[str, np.ndarray]:
    model = onnx.load(folder / "model.onnx")
    return {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}


def nodes(folder: Path) -> list[bytes]:
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for node in model.graph.node:
        node.attribute.sort(key=lambda one: one.name)  # the builder leaves their order to chance
    return [node.SerializeToString(deterministic=True) for node in model.graph.node]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "source"),
    [*((name, "pocket") for name in OPTIONS), ("int4", "small"), ("int8", "small")],
)
def test_it_gives_the_builders_graph_and_bits(name, source, request, tmp_path):
    folder = request.getfixturevalue("small") if source == "small" else models.folder(source)
    ours = build("workbook.convert.streaming", folder, tmp_path / "ours", *OPTIONS[name])
    theirs = build("onnxruntime_genai.models.builder", folder, tmp_path / "b", *OPTIONS[name])
    # Not the lists themselves: pytest would compare their bytes for hours.
    different = Counter(nodes(ours)) - Counter(nodes(theirs))
    assert not different, [str(onnx.NodeProto.FromString(node)) for node in different][:3]
    assert len(nodes(ours)) == len(nodes(theirs))
    expected, found = weights(theirs), weights(ours)
    assert expected.keys() == found.keys()
    for key, array in expected.items():
        assert array.dtype == found[key].dtype and np.array_equal(array, found[key]), key
    configs = [(made / "genai_config.json").read_text() for made in (ours, theirs)]
    assert configs[0] == configs[1]


def test_a_mapped_model_computes_what_a_loaded_one_does():
    folder = models.folder("pocket")
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([[5, 700, 31, 9, 1200]])
    with torch.inference_mode():
        expected = loaded(ids).logits
        mapped = Mapped(folder).forward(torch.float32)
        assert torch.equal(mapped(ids).logits, expected)
        assert torch.equal(mapped(ids).logits, expected)  # and again, after it gave all back
    assert {p.dtype for p in mapped.parameters()} == {torch.bfloat16}


def test_a_checkpoint_without_a_tensor_is_one_sentence(tmp_path):
    source = models.folder("pocket")
    for file in source.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tensors = load_file(source / "model.safetensors")
    del tensors["model.layers.3.mlp.down_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"hold no model.layers.3.mlp.down_proj.weight: get the"):
        Mapped(tmp_path).module()


def test_a_model_without_weights_does_not_become_a_shape(tmp_path):
    (tmp_path / "config.json").write_bytes((models.folder("pocket") / "config.json").read_bytes())
    with pytest.raises(CourseError, match="There are no safetensors files in"):
        convert.convert("pocket", folder=tmp_path)


def test_phi4_mini_is_converted_in_eight_gigabytes():
    geometry = models.geometry("phi4-mini")
    for name in ("onnx-int4", "gguf-q8_0", "gguf-q4_0"):
        recipes = onnx_recipes if name.startswith("onnx") else gguf
        need = recipes.room(geometry, name)
        assert need["memory"] < (12e9 if name == "gguf-q8_0" else 8e9), name
        assert need["disk"] < geometry.weight_bytes("bf16"), name


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("name", ["phi4-mini-shape-1", "phi4-mini-shape-1-8"])
def test_a_shape_has_the_tensors_of_a_phi3_model(name, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "SHAPES", tmp_path)
    geometry = models.geometry(name)
    folder = models.folder(name)
    model = empty(folder)
    expected = {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert dict(shapes.tensors(geometry)) == expected
    assert sum(p.numel() for p in model.parameters()) == geometry.parameters
    assert models.Geometry.from_folder(folder) == geometry
    assert "answers nothing" in (folder / "README.md").read_text()


def test_the_shape_at_scale_1_is_phi4_mini():
    assert models.geometry("phi4-mini-shape-1") == models.geometry("phi4-mini")
    quarter = models.geometry("phi4-mini-shape-1-4")
    assert (quarter.hidden, quarter.heads, quarter.kv_heads, quarter.layers) == (768, 6, 2, 32)
    with pytest.raises(CourseError, match="no model 'phi4-mini-shape-1-3'"):
        models.get("phi4-mini-shape-1-3")
    with pytest.raises(ValueError, match="5 does not divide hidden"):
        shapes.scaled(quarter, 5)


def test_drawn_weights_repeat_and_differ_by_name():
    first, again = shapes.draw("a", (4000, 2000)), shapes.draw("a", (4000, 2000))
    assert np.array_equal(first, again) and not np.array_equal(first, shapes.draw("b", first.shape))
    assert first.dtype == np.float32 and abs(first.std() / shapes.SCALE - 1) < 0.01
    assert (shapes.draw("norm", (8,)) == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx-int4", "gguf-q4_0"])
def test_a_shape_becomes_an_artifact_that_says_so_and_runs(to, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "SHAPES", tmp_path / "shapes")
    made = convert.convert("phi4-mini-shape-1-8", to)
    assert made.difference is None and "shape" in made.model
    assert "answers nothing" in (made.path / "README.md").read_text()
    runtime = "engine" if to.startswith("onnx") else "llamacpp"
    with runtimes.start(runtime, model=made.model, place="embedded", artifact=to) as rt:
        asked = [{"role": "user", "content": "Hello"}]
        answer = rt.client.chat.completions.create(model=rt.model, messages=asked, max_tokens=5)
    assert answer.usage.completion_tokens >= 1


def test_an_interrupted_conversion_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(converter.onnx, "_finish_config", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert.convert("pocket", "onnx-int4")
    assert not [p for p in (tmp_path / "pocket").iterdir() if p.suffix != ".lock"]
