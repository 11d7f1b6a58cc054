"""The catalogue, shapes and sizes."""

import json
import os

import httpx
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


def test_half_a_download_is_not_a_model(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = models.get("phi4-mini")
    snapshot = tmp_path / "models--microsoft--Phi-4-mini-instruct" / "snapshots" / model.revision
    snapshot.mkdir(parents=True)
    for name in ("a.safetensors", "config.json", "tokenizer.json"):
        (snapshot / name).touch()
    shards = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(shards))
    with pytest.raises(CourseError, match="not on this machine"):
        models.folder("phi4-mini")
    (snapshot / "b.safetensors").touch()
    assert models.folder("phi4-mini") == snapshot


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout(""), httpx.ConnectError("no route"), OSError(28, "No space left")]
)
def test_a_failed_download_is_one_sentence(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(CourseError, match=r"could not be downloaded.*goes on where it stopped"):
        models.download("phi4-mini")


def test_a_download_in_offline_mode_names_the_variable(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CourseError, match="HF_HUB_OFFLINE is set: unset it"):
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


def test_large_files_count_too(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "LARGE", 3)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"1111")
    os.utime(weights, ns=(1, 1))
    before = models.fingerprint(tmp_path)
    weights.write_bytes(b"2222")
    os.utime(weights, ns=(2, 2))
    assert models.fingerprint(tmp_path) != before


def test_a_renamed_file_counts_and_a_folder_does_not(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    before = models.fingerprint(tmp_path)
    (tmp_path / "card").mkdir()
    assert models.fingerprint(tmp_path) == before
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    assert models.fingerprint(tmp_path) != before


def test_a_config_may_name_its_head_size_and_untie(tmp_path):
    config = {
        "num_attention_heads": 2, "num_hidden_layers": 1, "hidden_size": 8,
        "intermediate_size": 8, "num_key_value_heads": 1, "vocab_size": 9, "head_dim": 16,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    shape = Geometry.from_folder(tmp_path)
    assert (shape.head_size, shape.tied) == (16, False)
