"""The parts of the Ollama stand-in that need no model: Modelfiles, names, options, schemas."""

import json
import logging
from datetime import timedelta

import gguf
import pytest

from workbook import models
from workbook.convert import convert
from workbook.runtimes.ollama_server import modelfile, names, options, schemas, values
from workbook.runtimes.ollama_server.modelfile import ModelfileError
from workbook.runtimes.ollama_server.store import Model, Store
from workbook.runtimes.ollama_server.values import ApiError, Body
from workbook.runtimes.ollama_server.weights import Weights

WHOLE = '''# a comment
FROM phi4-mini
PARAMETER temperature 0.1
parameter num_ctx 4096
PARAMETER stop "<|end|>"
PARAMETER stop <|user|>
PARAMETER use_mmap false

SYSTEM """You are a teacher.
Show every step."""
MESSAGE user What is 2 + 2?
MESSAGE assistant """Answer: "4" """
LICENSE MIT
'''


def test_a_modelfile_becomes_what_the_client_sends():
    made = modelfile.parse(WHOLE)
    assert made.as_create() == {
        "from_": "phi4-mini",
        "parameters": {
            "temperature": 0.1,
            "num_ctx": 4096,
            "stop": ["<|end|>", "<|user|>"],
            "use_mmap": False,
        },
        "system": "You are a teacher.\nShow every step.",
        "messages": [
            {"role": "user", "content": "What is 2 + 2?"},
            {"role": "assistant", "content": 'Answer: "4" '},
        ],
        "license": ["MIT"],
    }
    assert type(made.parameters["num_ctx"]) is int


@pytest.mark.parametrize("text", [WHOLE.replace("\n", "\r\n"), "\ufeff" + WHOLE, WHOLE.strip()])
def test_line_ends_and_marks_do_not_matter(text):
    assert modelfile.parse(text) == modelfile.parse(WHOLE)


def test_quotes_may_run_over_lines():
    made = modelfile.parse('FROM a\nSYSTEM "one\n# not a comment\n\ntwo"')
    assert made.system == "one\n# not a comment\n\ntwo"


@pytest.mark.parametrize(
    "text, words",
    [
        ("FROM a\nFILE ./notes.pdf", r"\(line 2\): command must be one of \"from\", \"license\", "
         r"\"template\", \"system\", \"adapter\", \"draft\", \"renderer\", \"parser\", "
         r"\"parameter\", \"message\", or \"requires\"$"),
        ("FROM a\nPARAMETER context_length 4096", "^unknown parameter 'context_length'$"),
        ("FROM a\nPARAMETER num_ctx lots", r"^invalid int value \[lots\]$"),
        ("FROM a\nPARAMETER num_ctx 1.5", r"^invalid int value \[1.5\]$"),
        ("FROM a\nPARAMETER temperature warm", r"^invalid float value \[warm\]$"),
        ("FROM a\nPARAMETER use_mmap maybe", r"^invalid bool value \[maybe\]$"),
        ("FROM a\nMESSAGE tool x", 'message role must be one of "system", "user", or "assistant"'),
        ("SYSTEM hello", "^no FROM line$"),
        ("", "^no FROM line$"),
        ("FROM a\nSYSTEM", "^unexpected EOF$"),
        ('FROM a\nSYSTEM """never closed\n', "^unexpected EOF$"),
        ("FROM a\nPARAMETER num_ctx", "^unexpected EOF$"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_ollamas_words(text, words):
    with pytest.raises(ModelfileError, match=words):
        modelfile.parse(text)


def test_deprecated_parameters_are_left_out_with_a_warning(capsys):
    assert modelfile.parse("FROM a\nPARAMETER mirostat 1").parameters == {}
    assert capsys.readouterr().out == "warning: parameter mirostat is deprecated\n"


def test_an_adapter_cannot_be_sent():
    with pytest.raises(ModelfileError, match="ADAPTER"):
        modelfile.parse("FROM a\nADAPTER ./lora.gguf").as_create()


# ---------------------------------------------------------------- names, times


@pytest.mark.parametrize(
    "text, shown",
    [
        ("pocket", "pocket:latest"),
        ("pocket:latest", "pocket:latest"),
        ("course/phi4-mini-math", "course/phi4-mini-math:latest"),
        ("phi4-mini:3.8b-q4_K_M", "phi4-mini:3.8b-q4_K_M"),
        ("library/pocket", "pocket:latest"),
        ("registry.ollama.ai/library/pocket", "pocket:latest"),
        ("a.b_c-d", "a.b_c-d:latest"),
    ],
)
def test_names(text, shown):
    assert str(names.parse(text)) == shown
    upper = text.upper().replace("REGISTRY.OLLAMA.AI", "registry.ollama.ai")
    assert names.parse(text).key == names.parse(upper).key


@pytest.mark.parametrize(
    "text", ["", "a b", "/a", "a/", "a:", ":b", "../x", "a/../b", "-a", "a" * 81, "a/b/c/d", "a\n"]
)
def test_what_is_no_name(text):
    assert names.parse(text) is None


@pytest.mark.parametrize(
    "value, seconds",
    [(0, 0), (5, 5), (0.5, 0.5), ("0", 0), ("5m", 300), ("1h30m", 5400), ("1.5s", 1.5),
     ("300ms", 0.3), ("+2s", 2), ("24h", 86400)],
)  # fmt: skip
def test_durations(value, seconds):
    assert values.duration(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [-1, "-1m", "-5s", 1e300])
def test_for_ever(value):
    assert values.duration(value) == values.FOREVER


@pytest.mark.parametrize(
    "value, words",
    [("5", 'missing unit in duration "5"'), ("abc", 'invalid duration "abc"'),
     ("", 'invalid duration ""'), ("5 m", "invalid"), ("5d", "invalid"),
     (True, "Unsupported type"), ([], "Unsupported type")],
)  # fmt: skip
def test_what_is_no_duration(value, words):
    with pytest.raises(ApiError, match=words):
        values.duration(value)


# ---------------------------------------------------------------- bodies, options, schemas


def test_a_body_is_checked_field_by_field():
    body = Body.read("ChatRequest", b'{"model": "a", "stream": null, "options": {"x": 1}}')
    assert body.text("model") == "a" and body.flag("stream", True) and body.object("options")
    with pytest.raises(ApiError) as caught:
        body.text("options")
    assert str(caught.value) == (
        "json: cannot unmarshal object into Go struct field ChatRequest.options of type string"
    )


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"a"', b"\xff", b'{"a": NaN}', b"[" * 10**5])
def test_what_is_no_body(raw):
    with pytest.raises(ApiError) as caught:
        Body.read("ChatRequest", raw)
    assert caught.value.status == 400


def test_half_a_character_becomes_a_question_mark():
    assert Body.read("X", rb'{"a": "\ud800", "b": "\u00e9"}').fields == {"a": "?", "b": "é"}


def test_an_unknown_option_is_a_warning_and_an_unknown_parameter_an_error(caplog):
    with caplog.at_level(logging.WARNING):
        assert options.known({"temperature": 1, "num_gpus": 2, "seed": None}) == {"temperature": 1}
    assert "invalid option provided option=num_gpus" in caplog.text
    with pytest.raises(ApiError, match="unknown parameter 'num_gpus'"):
        options.parameters({"num_gpus": 2})


@pytest.mark.parametrize(
    "given, words",
    [({"num_ctx": "4096"}, 'option "num_ctx" must be of type integer'),
     ({"num_ctx": True}, "integer"), ({"num_ctx": 2**40}, "integer"),
     ({"temperature": "0"}, "float32"), ({"use_mmap": 1}, "boolean"), ({"stop": "x"}, "array"),
     ({"stop": [1]}, "an array of strings")],
)  # fmt: skip
def test_options_of_a_wrong_type(given, words):
    with pytest.raises(ApiError, match=words):
        options.known(given)


def test_every_parameter_of_an_answer_reaches_llama_cpp():
    request = options.for_llama(options.DEFAULTS | {"num_predict": -2, "repeat_last_n": -1})
    assert set(request) == set(options.LLAMA.values())
    assert (request["n_predict"], request["repeat_last_n"]) == (-1, 4096)


def test_a_schema_allows_only_what_it_names():
    given = {"type": "object", "properties": {"type": {"type": "string"}, "pattern": {"type": "object"}}}  # noqa: E501  # fmt: skip
    read = schemas.read(given)
    assert read["additionalProperties"] is False
    assert "additionalProperties" not in read["properties"]["pattern"]
    assert "additionalProperties" not in given, "the request is left as it is"
    assert schemas.read(given | {"additionalProperties": True})["additionalProperties"] is True
    assert schemas.read("json")["type"] == "object"
    assert schemas.read(None) is None and schemas.read("") is None


@pytest.mark.parametrize(
    "given",
    ["yaml", 5, [], {"type": "text"}, {"$ref": "#/$defs/A"}, {"$ref": 5},
     {"type": "string", "pattern": "("}, {"type": "array", "items": {"type": "no"}},
     {"type": "object", "properties": {"a": {"anyOf": [{"type": "no"}]}}}],
)  # fmt: skip
def test_what_is_no_schema(given):
    with pytest.raises(ApiError, match="format") as caught:
        schemas.read(given)
    assert caught.value.status == 400


# ---------------------------------------------------------------- the store


def test_models_stay_on_disk_under_any_spelling(tmp_path):
    Store(tmp_path).put(Model("Course/Math:latest", system="S", parameters={"temperature": 0}))
    found = Store(tmp_path).get(names.parse("course/MATH"))
    assert (found.name, found.system) == ("Course/Math:latest", "S")
    assert [model.name for model in Store(tmp_path).all()] == ["Course/Math:latest"]
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["system"] == "S"
    assert Store(tmp_path).remove(names.parse("course/math"))
    assert not Store(tmp_path).remove(names.parse("course/math"))
    assert list(tmp_path.iterdir()) == []


def test_a_copy_has_the_same_digest():
    assert Model("a", system="S").digest == Model("b", system="S", modified_at="x").digest
    assert Model("a", system="S").digest != Model("a", system="T").digest


# ---------------------------------------------------------------- the GGUF header


def test_the_header_says_what_the_package_gguf_reads():
    file = convert("pocket", "gguf-q8_0").path / "model.gguf"
    reader = gguf.GGUFReader(file)
    expected = {
        key: field.contents() for key, field in reader.fields.items() if "." in key
        and not key.startswith("GGUF.")
    }  # fmt: skip
    found = Weights(file)
    whole = found._read(2**63)
    assert whole.pop("general.parameter_count") == sum(int(t.n_elements) for t in reader.tensors)
    assert whole == expected
    assert found.fields["tokenizer.ggml.tokens"] is None
    assert (found.family, found.quantization, found.parameters) == ("phi3", "Q8_0", "2.6M")
    assert found.kv_bytes(1) == models.geometry("pocket").kv_bytes_per_token("bf16")


def test_what_is_no_gguf_file(tmp_path):
    file = tmp_path / "model.gguf"
    whole = (convert("pocket", "gguf-q8_0").path / "model.gguf").read_bytes()
    for content in (b"GGML" + bytes(100), b"", b"GGUF", whole[:10_000], whole[:2000]):
        file.write_bytes(content)
        with pytest.raises(ValueError):
            _ = Weights(file).fields
