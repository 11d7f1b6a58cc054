"""The parsers and the facts of lab 09's checks; tests/test_labs.py proves them on submissions."""

import pytest

from workbook.course.checks import Mistake, lab09, lab10

CASES = list(lab09.CASES.items())


@pytest.mark.parametrize(
    "command",
    [
        ["/models/x", "--port=8000", "--jinja", "--dtype", "bfloat16"],
        "/models/x --port 8000 --jinja --dtype=bfloat16",
        ["/models/x", "--port", 8000, "--jinja", "--dtype=bfloat16"],
    ],
)
def test_a_command_is_read_in_every_form(command):
    expected = {"0": "/models/x", "--port": "8000", "--jinja": "", "--dtype": "bfloat16"}
    assert lab09.options_of(command) == expected


def test_a_compose_file_is_compared_key_by_key():
    text = """
services:
  a:
    command: [run, --port=1]
    environment: [X=1, Y=a=b]
    ports: ["127.0.0.1:1:1"]
    deploy: {resources: {limits: {memory: 6g}}}
"""
    assert lab09.flat(lab09.compose(text)) == {
        "services.a.command.0": "run",
        "services.a.command.--port": "1",
        "services.a.environment.X": "1",
        "services.a.environment.Y": "a=b",
        "services.a.ports": ["127.0.0.1:1:1"],
        "services.a.deploy.resources.limits.memory": "6g",
    }


def test_instructions_may_span_lines():
    text = '# note\nFROM a\nRUN one \\\n  two\nSYSTEM """first\nFILE in a text\nlast"""\nFILE x\n'
    names = [name for name, _ in lab09.instructions(text, "Modelfile")]
    assert names == ["FROM", "RUN", "SYSTEM", "FILE"]
    with pytest.raises(Mistake, match="never closes it"):
        lab09.instructions('SYSTEM """a\nb', "Modelfile")


@pytest.mark.parametrize(
    ("text", "gib"), [("12g", 12), ("12G", 12), ("12GiB", 12), ("512m", 0.5), (2**30, 1)]
)
def test_sizes_are_read_as_compose_writes_them(text, gib):
    assert lab09.size(text) == gib * 2**30


def test_a_size_that_is_none_is_a_mistake():
    with pytest.raises(Mistake, match="is no size"):
        lab09.size("a lot")


@pytest.mark.parametrize(("folder", "case"), CASES, ids=lambda value: str(value)[:12])
def test_what_the_checks_say_about_a_case_is_in_its_files(folder, case):
    """Every key exists, and every piece of evidence stands in a line."""
    files = lab09._files(folder)
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    keys = set().union(*(lab09._keys(folder, path.relative_to(lab09.FILES / folder).as_posix())
                         for path in files))  # fmt: skip
    for fault in case.faults:
        assert set(fault.keys) & keys and fault.symptom in lab09.SYMPTOMS
        assert all(part in text for part in fault.evidence), fault.evidence
    assert set(case.innocent) <= keys


@pytest.mark.parametrize(("folder", "case"), CASES, ids=lambda value: str(value)[:12])
def test_innocent_lines_prove_nothing(folder, case):
    """No evidence is in a file that a person wrote: those prove nothing about what happened."""
    for path in lab09._files(folder):
        if path.suffix in (".yaml", ".py", "") and path.is_file():
            text = path.read_text(encoding="utf-8")
            for fault in case.faults:
                for part in fault.evidence:
                    assert part not in text or "Model" in part, (path.name, part)


def test_the_sizes_of_lab_09_and_lab_10_agree():
    bf16 = next(c for c in lab10.read("options")["candidates"] if c["artifact"] == "hf-bf16")
    assert (bf16["weight_bytes"], bf16["kv_bytes"]) == (lab09.WEIGHTS, lab09.TOKEN)
    assert bf16["overhead_gib"] * 2**30 == lab09.OVERHEAD
