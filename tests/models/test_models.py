"""The catalogue, shapes and sizes."""

import json

import pytest

from workbook import models, paths
from workbook.errors import CourseError
from workbook.models import catalogue
from workbook.models.geometry import Geometry

# Counted from the tensor shapes in the repository's index of weights.
PHI4_MINI_PARAMETERS = 3_836_021_760


def test_phi4_mini_has_its_true_size():
    shape = models.geometry("phi4-mini")
    assert shape.parameters == PHI4_MINI_PARAMETERS
    assert shape.weight_bytes("bf16") == 2 * PHI4_MINI_PARAMETERS
    assert shape.kv_bytes_per_token("bf16") == 128 * 1024


def test_an_untied_embedding_counts_twice():
    shape = Geometry(2, 8, 16, 2, 1, 4, 100, tied=True)
    untied = Geometry(2, 8, 16, 2, 1, 4, 100, tied=False)
    assert untied.parameters - shape.parameters == 100 * 8


def test_block_scales_are_counted():
    shape = Geometry(2, 8, 16, 2, 1, 4, 100, tied=True)
    scales = shape.parameters // 32 * 2
    assert shape.weight_bytes("int4", block_size=32) == pytest.approx(
        shape.parameters / 2 + scales, abs=1
    )


def test_pockets_shape_is_that_of_its_weights():
    from safetensors import safe_open

    with safe_open(models.folder("pocket") / "model.safetensors", framework="np") as tensors:
        count = 0
        for name in tensors.keys():  # noqa: SIM118
            size = 1
            for side in tensors.get_slice(name).get_shape():
                size *= side
            count += size
    assert models.geometry("pocket").parameters == count


def test_pocket_is_small_enough_for_the_repository():
    assert (models.folder("pocket") / "model.safetensors").stat().st_size <= 16_000_000


def test_an_unknown_model_is_named_with_the_known_ones():
    with pytest.raises(CourseError, match=r"no model 'phi5'.*pocket, phi4-mini"):
        models.get("phi5")


def test_a_model_that_is_not_here_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        CourseError, match=r"not on this machine.*workbook download phi4-mini.*7\.7"
    ):
        models.folder("phi4-mini")


def test_a_download_without_a_network_is_one_sentence(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CourseError, match=r"could not be downloaded.*goes on where it stopped"):
        models.download("phi4-mini")


def test_missing_weights_of_a_bundled_model_say_how_to_restore_them(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    with pytest.raises(CourseError, match="git checkout -- models/pocket"):
        models.folder("pocket")


def test_the_fingerprint_follows_the_content(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"a": 1}))
    before = models.fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("a card does not count")
    assert models.fingerprint(tmp_path) == before
    (tmp_path / "config.json").write_text(json.dumps({"a": 2}))
    assert models.fingerprint(tmp_path) != before


def test_every_downloaded_model_is_pinned_to_a_commit():
    for model in catalogue.MODELS.values():
        assert model.bundled or len(model.revision) == 40
