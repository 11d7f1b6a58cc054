"""Prompts have exactly the tokens that were asked for, and no beginning twice."""

import pytest

from workbook import models
from workbook.bench import prompts
from workbook.errors import CourseError
from workbook.models import chat


@pytest.mark.parametrize("tokens", [8, 33, 128, 1000])
def test_the_length_is_that_of_the_whole_prompt(tokens):
    from transformers import AutoTokenizer

    texts = prompts.make(5, tokens, model="pocket", seed="s")
    known = AutoTokenizer.from_pretrained(models.folder("pocket"))  # not the one that counted
    for text in texts:
        prompt = chat.render([{"role": "user", "content": text}])
        assert len(known.encode(prompt, add_special_tokens=False)) == tokens


def test_prompts_differ_from_their_first_words_on():
    texts = prompts.make(50, 64, model="pocket")
    assert len({tuple(text.split()[:3]) for text in texts}) == 50


def test_a_seed_gives_the_same_prompts():
    one, same, other = (prompts.make(3, 32, model="pocket", seed=s) for s in ("1", "1", "2"))
    assert one == same and not set(one) & set(other)


def test_without_a_tokenizer_words_are_counted():
    texts = prompts.make(4, 50)
    assert [len(text.split()) for text in texts] == [50] * 4 and len(set(texts)) == 4


def test_what_cannot_be_made_is_refused():
    with pytest.raises(CourseError, match="shorter than the chat template"):
        prompts.make(1, 2, model="pocket")
    with pytest.raises(ValueError, match="at least 1"):
        prompts.make(0, 10)
