"""Every engine gives the same answers, and where one does not, the suite says where and why."""

import importlib.util

import pytest

from workbook import runtimes
from workbook.evaluate import agreement, banks
from workbook.evaluate.agreement import END, Answer
from workbook.runtimes import places

HIGHEST = {
    "engine": {"artifact": "onnx-fp32"},
    "llamacpp": {"artifact": "gguf-f32", "kv_cache": "f32"},
    "vllm": {"arguments": ["--dtype", "float32"]},
    "ollama": {"artifact": "gguf-f32"},
    "foundry": {"artifact": "onnx-fp32"},
}
"""Each runtime's highest precision."""

CALL = {"name": "get_weather", "arguments": {"city": "Hanoi"}}


@pytest.fixture(scope="module")
def reference():
    return agreement.Reference("pocket")


@pytest.fixture(scope="module")
def cache_question():
    """A question whose answer is prose."""
    return banks.Question(
        id="x", family="x", prompt="What is a KV cache?", expected="", checker="contains", source=""
    )


def test_there_are_a_hundred_questions_of_every_kind():
    asked = agreement.questions()
    assert len({question.id for question in asked}) == 100
    assert {q.family for q in asked} == {q.family for q in banks.load("heldout")} | {"code"}


def test_equal_is_character_for_character():
    one = Answer("x", "Yes", [CALL])
    assert one.equals(Answer("y", "Yes", [CALL], 1, 2, "stop"))
    assert not one.equals(Answer("x", "Yes ", [CALL]))
    assert not one.equals(Answer("x", "Yes", []))
    assert not one.equals(Answer("x", "Yes", [CALL | {"arguments": {"city": "Hue"}}]))


def test_counts_are_compared_both():
    one = Answer("x", "Yes", prompt_tokens=3, completion_tokens=2)
    assert one.counts_equal(Answer("x", "No", prompt_tokens=3, completion_tokens=2))
    assert not one.counts_equal(Answer("x", "Yes", prompt_tokens=4, completion_tokens=2))
    assert not one.counts_equal(Answer("x", "Yes", prompt_tokens=3, completion_tokens=1))


@pytest.mark.parametrize(
    "keep, tail, found",
    [(5, " nothing", " not"), (5, "", END), (-1, " More.", " M"), (0, "Z", "Z")],
)
def test_the_first_differing_token_is_found(reference, cache_question, keep, tail, found):
    """A changed copy of the reference's answer: what was changed is what is reported."""
    whole = reference.answer(cache_question)
    ids = reference._complete(cache_question, agreement.MAX_TOKENS).token_ids
    changed = reference._text(ids[:keep]) + tail
    difference = reference.difference(cache_question, Answer("x", changed))
    position = keep if keep >= 0 else len(ids) - 1
    assert difference.position == position
    assert difference.expected_token == (reference._text(ids[position : position + 1]) or END)
    assert difference.found_token.startswith(found) or found.startswith(difference.found_token)
    assert difference.expected.text == whole.text


def test_the_margin_is_the_logits_own(reference, cache_question):
    """Against PyTorch's logits at the same place."""
    import numpy as np
    import torch
    from transformers import AutoModelForCausalLM

    from workbook import models

    ids = reference._complete(cache_question, agreement.MAX_TOKENS).token_ids
    prompt = reference._local.encode(cache_question.messages())
    model = AutoModelForCausalLM.from_pretrained(models.folder("pocket"), dtype=torch.float32)
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *ids[:5]]])).logits[0, -1].numpy()
    first, second = np.sort(logits)[::-1][:2]
    changed = Answer("x", reference._text(ids[:5]) + " nothing")
    found = reference.difference(cache_question, changed)
    assert found.margin == pytest.approx(float(first - second), abs=1e-3)


def test_a_shorter_answer_is_a_difference_and_the_tables_say_so(reference, cache_question):
    found = Answer("x", reference.answer(cache_question).text[:-3])
    difference = reference.difference(cache_question, found)
    made = agreement.Agreement("twin", "gguf-f16", 2, [difference], [])
    assert made.equal == 1
    assert "1 of 2" in str(agreement.table([made]))
    assert repr(END) in str(agreement.differences_table(made)) or difference.found_token != END
    assert f"{difference.margin:.4f}" in str(agreement.table([made]))


def test_a_table_of_no_difference_is_refused():
    made = agreement.Agreement("twin", "gguf-f16", 2, [], [])
    assert "2 of 2" in str(agreement.table([made]))
    with pytest.raises(ValueError, match="at least one row"):
        agreement.differences_table(made)


def test_a_runtime_of_less_precision_is_caught(reference):
    """The suite can fail: four-bit weights change answers, and margins say that it was close."""
    asked = banks.load("heldout", limit=2)
    with runtimes.start("llamacpp", place="embedded", artifact="gguf-q4_0") as runtime:
        found = agreement.measure(runtime, reference, asked)
    assert found.asked == len(asked)
    assert found.differences
    assert all(item.found.text != item.expected.text or item.found.tool_calls
               != item.expected.tool_calls for item in found.differences)  # fmt: skip


def start(name: str) -> runtimes.Runtime:
    """A runtime at its highest precision, or a skipped test where it cannot run."""
    if importlib.util.find_spec(f"workbook.runtimes.{name}") is None:
        pytest.skip(f"there is no runtime {name} yet")
    if reason := places.kind_of(name).missing():
        pytest.skip(reason)
    return runtimes.start(name, place="embedded", **HIGHEST[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", runtimes.NAMES)
def test_a_hundred_greedy_answers_are_the_reference_s(name, reference, capsys):
    with start(name) as runtime:
        found = agreement.measure(runtime, reference)
    with capsys.disabled():
        print(f"\n{agreement.table([found])}")
        if found.differences:
            print(agreement.differences_table(found))
    assert found.equal >= 99
    assert found.counts_differ == []


@pytest.mark.slow
def test_llamacpp_s_16_bit_weights_are_enough(reference):
    """f16 answers as f32 does: bf16 weights fit into f16, and its rounding decides nothing."""
    with runtimes.start("llamacpp", place="embedded", artifact="gguf-f16") as runtime:
        found = agreement.measure(runtime, reference)
    assert found.equal >= 99
    assert found.counts_differ == []


@pytest.mark.slow
def test_llamacpp_s_one_difference_is_its_grammar(reference):
    """llama.cpp lets a tool call's arguments come in the schema's order only. pocket is sure of
    another order there (a large margin): no rounding. Without tools to parse, the answers agree."""
    question = next(q for q in agreement.questions() if q.id == "heldout/tool_call/4")
    with runtimes.start("llamacpp", place="embedded", artifact="gguf-f32") as runtime:
        found = agreement.measure(runtime, reference, [question])
        raw = runtime.client.completions.create(
            model=runtime.model,
            prompt=prompt_text(question),
            temperature=0,
            max_tokens=agreement.MAX_TOKENS,
        )
    assert found.differences[0].margin > 5
    assert (found.differences[0].expected_token, found.differences[0].found_token) == (
        "word",
        "language",
    )
    expected = reference.answer(question)
    assert expected.tool_calls[0]["arguments"]["word"] in raw.choices[0].text
    assert raw.usage.completion_tokens == expected.completion_tokens


def prompt_text(question: banks.Question) -> str:
    from workbook.models import chat

    return chat.render(question.messages(), question.tools)
