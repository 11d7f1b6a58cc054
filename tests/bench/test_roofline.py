"""The roofline's arithmetic by hand, what artifacts read, and the kernels that measure."""

import numpy as np
import pytest

from workbook import models
from workbook.bench import roofline
from workbook.bench.roofline import Ceiling, Work
from workbook.convert import convert
from workbook.errors import CourseError
from workbook.models import Geometry

TINY = Geometry(
    layers=2, hidden=8, intermediate=16, heads=4, kv_heads=2, head_size=2, vocabulary=10, tied=True
)
MACHINE = Ceiling(bandwidth=1000.0, compute=50_000.0, threads=1, spread=1.0)


def test_the_work_of_a_token():
    # Matrices of a layer: 8 x 16 (queries, keys, values), 8 x 8 (output), 3 x 8 x 16: 576.
    found = roofline.work(TINY, 700, context=5)
    assert found.operations == 2 * (2 * 576 + 80) + 5 * 4 * 2 * 4 * 2
    assert found.cache == 5 * 2 * 2 * 2 * 2 * 2  # K and V, layers, KV heads, head size, 2 bytes
    assert roofline.work(TINY, 700, context=5, kv_precision="fp32").cache == 2 * found.cache


def test_the_lower_of_two_bounds_counts():
    work = Work(weights=80, cache=20, operations=2000, context=1)
    one, four = (roofline.bound(work, MACHINE, batch=b) for b in (1, 4))
    assert (one.memory, one.compute, one.tokens_per_second, one.by) == (10, 25, 10, "memory")
    assert (four.memory, four.by) == (4 * 1000 / 160, "compute")


def test_weights_in_the_cache_have_no_memory_bound():
    work = Work(weights=80, cache=20, operations=2000, context=1)
    resident = roofline.bound(work, MACHINE, cache_bytes=81)
    assert resident.memory is None and resident.tokens_per_second == 25
    assert resident.by == "compute"
    assert roofline.bound(work, MACHINE, cache_bytes=80).memory == 10


@pytest.mark.slow
def test_what_artifacts_of_pocket_read():
    geometry = models.geometry("pocket")
    parameters = geometry.parameters
    folder = models.folder("pocket")
    assert roofline.bytes_read(folder, geometry) == 2 * parameters
    f16 = convert("pocket", "gguf-f16")
    norms = geometry.hidden * (2 * geometry.layers + 1)  # stay in float32
    assert roofline.bytes_read(f16.path, geometry) == 2 * parameters + 2 * norms
    fp32 = convert("pocket", "onnx-fp32")
    assert roofline.bytes_read(fp32.path, geometry) == pytest.approx(4 * parameters, rel=0.01)


def test_four_bits_read_between_four_and_six_bits_a_weight(artifact):
    geometry = models.geometry("pocket")
    bits = 8 * roofline.bytes_read(artifact.path, geometry) / geometry.parameters
    assert 4 < bits < 6


def test_a_folder_without_weights_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="no weights"):
        roofline.bytes_read(tmp_path, TINY)


def test_an_untied_models_embedding_is_only_looked_into(tmp_path):
    from safetensors.numpy import save_file

    untied = Geometry(**{**TINY.__dict__, "tied": False})
    save_file({"all": np.zeros(untied.parameters, np.float16)}, tmp_path / "model.safetensors")
    read = roofline.bytes_read(tmp_path, untied)
    assert read == 2 * (untied.parameters - untied.embedding)


def test_the_machine_is_measured():
    found = roofline.measure(threads=1, rounds=2)
    assert found.bandwidth > 1e8 and found.compute > 1e8
    assert found.threads == 1 and 0 < found.spread <= 1
    assert "GB/s" in str(found) and "GFLOP/s" in str(found)


def test_a_measurement_that_fails_is_one_sentence(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="at least one thread"):
        roofline.measure(threads=0)
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))  # an interpreter that cannot start
    with pytest.raises(CourseError, match="could not be measured"):
        roofline.measure(threads=1)
