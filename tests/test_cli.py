"""The `workbook` command."""

import subprocess
import sys

import pytest

from workbook import cli


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["convert", "--model", "phi5"], "There is no model 'phi5'"),
        (["convert", "--to", "gguf"], "There is no artifact 'gguf'"),
        (["pocket", "train", "--preset", "tpu"], "There is no preset 'tpu'"),
        (["serve", "triton"], "There is no runtime 'triton'"),
    ],
)
def test_what_the_user_can_put_right_is_one_sentence(arguments, sentence, capsys):
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"workbook: {sentence}")
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["pocket", "train", "--tokens", "-5"], "'-5' is not a whole number"),
        (["pocket", "train", "--threads", "0"], "'0' is not above 0"),
        (["pocket", "score", "--limit", "x"], "'x' is not a whole number"),
        (["serve", "engine", "--port", "99999"], "'99999' is not a port"),
    ],
)
def test_numbers_are_checked(arguments, sentence, capsys):
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert sentence in capsys.readouterr().err


def test_convert_says_where_the_artifact_is(artifact, capsys):
    assert cli.main(["convert"]) == 0
    assert str(artifact.path) in capsys.readouterr().out


def test_pocket_data_shows_problems(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("workbook.evaluate.banks.DATA", tmp_path)
    assert cli.main(["pocket", "data", "--show", "2"]) == 0
    said = capsys.readouterr().out
    assert said.count("<|user|>") == 2
    assert {f.name for f in tmp_path.iterdir()} == {"heldout.jsonl", "tutorial.jsonl"}


def test_an_interrupted_command_says_so(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_convert", interrupted)
    assert cli.main(["convert"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_help_does_not_import_the_heavy_libraries():
    code = (
        "import sys; from workbook import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'transformers', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
