"""Prompts of a fixed number of tokens, each different from its first word on.

A server that keeps the beginnings of earlier prompts (a prefix cache) must compute such a prompt
anew, all but the few tokens of the chat template in front of it.
"""

import random
from collections.abc import Callable
from functools import cache

from workbook import models
from workbook.errors import CourseError
from workbook.models import chat

WORDS = 2000
"""Words of the vocabulary that prompts are made from, at most."""

TRIES = 200


def make(count: int, tokens: int, *, model: str = "", seed: str = "0") -> list[str]:
    """`count` texts; each, as the only user message, makes a prompt of exactly `tokens` tokens.

    model: a model of the catalogue, whose tokenizer and chat template count; without one, the
    texts have so many words, and how many tokens that is, only the server can say. The same seed
    gives the same texts. Raises CourseError when the length cannot be met.
    """
    if count < 1 or tokens < 1:
        raise ValueError("prompts need a count and a length of at least 1")
    chance = random.Random(f"{seed}/{model}/{tokens}")
    if not model:
        words = ["".join(chance.choices("abcdefghij", k=4)) for _ in range(200)]
        return [" ".join(chance.choices(words, k=tokens)) for _ in range(count)]
    length, words = counter(model), _words(model)
    return [_fitted(tokens, length, words, chance) for _ in range(count)]


def _fitted(
    tokens: int, length: Callable[[str], int], words: list[str], chance: random.Random
) -> str:
    least = length(words[0])
    if tokens < least:
        raise CourseError(
            f"A prompt of {tokens} tokens is shorter than the chat template with one word: take "
            f"at least {least}."
        )
    chosen = [chance.choice(words)]
    for _ in range(TRIES):
        missing = tokens - length(" ".join(chosen))
        if missing == 0:
            return " ".join(chosen)
        if missing > 0:
            chosen += chance.choices(words, k=missing)
        else:
            # Where neighbours join to fewer or more tokens, other words come in their place.
            del chosen[max(1, len(chosen) + missing) :]
            chosen[-1] = chance.choice(words)
    raise CourseError(
        f"No prompt of exactly {tokens} tokens was found in {TRIES} tries: take another length."
    )


@cache
def tokenizer(model: str):
    """The tokenizer of a model of the catalogue."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(models.folder(model) / "tokenizer.json"))


def counter(model: str) -> Callable[[str], int]:
    """Counts the tokens of a prompt that holds a text as its only message."""
    encode = tokenizer(model).encode

    def count(text: str) -> int:
        prompt = chat.render([{"role": "user", "content": text}])
        return len(encode(prompt, add_special_tokens=False).ids)

    return count


@cache
def _words(model: str) -> list[str]:
    """Words that are one token each behind a space."""
    known = tokenizer(model)
    texts = (known.decode([token]) for token in range(known.get_vocab_size()))
    words = (text[1:] for text in texts if text[:1] == " " and text[1:].isalpha())
    plain = sorted({word for word in words if word.isascii() and len(word) > 1})
    found = [word for word in plain if len(known.encode(f" {word}").ids) == 1]
    if not found:
        raise CourseError(f"The tokenizer of {model} has no whole words: prompts need some.")
    return random.Random(0).sample(found, min(WORDS, len(found)))
