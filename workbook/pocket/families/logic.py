"""Syllogisms, valid and invalid, with real and made-up nouns."""

import random

from workbook.pocket.families.problem import Problem

NOUNS = (
    "cats dogs mammals carnivores birds fish insects trees flowers roses animals plants tools "
    "machines robots computers servers engines students teachers doctors artists singers "
    "musicians books maps letters stones metals liquids planets stars boats trains houses"
).split()
SYLLABLES = "ba de fi go lu mo ni po ra su ti vo wi za blo cra dri flu gre kla".split()

FORMS = {
    # name: (first premise, second premise, conclusion, follows, reason)
    "all-all": (
        "All {a} are {b}.",
        "All {b} are {c}.",
        "all {a} are {c}",
        True,
        "Every one of the {a} is one of the {b}, and every one of the {b} is one of the {c}.",
    ),
    "some-all": (
        "All {a} are {b}.",
        "Some {b} are {c}.",
        "some {a} are {c}",
        False,
        "The {b} that are {c} need not be {a}.",
    ),
    "all-some": (
        "Some {a} are {b}.",
        "All {b} are {c}.",
        "some {a} are {c}",
        True,
        "The {a} that are {b} are also {c}, because all {b} are {c}.",
    ),
    "no-all": (
        "All {a} are {b}.",
        "No {b} are {c}.",
        "no {a} are {c}",
        True,
        "Every one of the {a} is one of the {b}, and none of the {b} is one of the {c}.",
    ),
    "converse": (
        "All {a} are {b}.",
        "All {c} are {b}.",
        "all {a} are {c}",
        False,
        "Both are {b}, but {a} and {c} need not overlap.",
    ),
    "some-some": (
        "Some {a} are {b}.",
        "Some {b} are {c}.",
        "some {a} are {c}",
        False,
        "The {b} that are {a} need not be the {b} that are {c}.",
    ),
}


def _noun(rng: random.Random) -> str:
    if rng.random() < 0.6:
        return rng.choice(NOUNS)
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3))) + "s"


def syllogism(rng: random.Random) -> Problem:
    """Two premises and a question; the answer gives the reason and Yes or No."""
    form = rng.choice(sorted(FORMS))
    nouns: list[str] = []
    while len(nouns) < 3:
        noun = _noun(rng)
        if noun not in nouns:
            nouns.append(noun)
    return syllogism_of(form, *nouns, ask=rng.randrange(4))


def syllogism_of(form: str, a: str, b: str, c: str, ask: int = 0) -> Problem:
    """The syllogism of one form over three nouns, in one of four wordings."""
    first, second, conclusion, follows, reason = (
        part.format(a=a, b=b, c=c) if isinstance(part, str) else part for part in FORMS[form]
    )
    question = (
        f"Can we conclude that {conclusion}?",
        f"Does it follow that {conclusion}?",
        f"Is it certain that {conclusion}?",
        f"May we infer that {conclusion}?",
    )[ask]
    verdict = "follows" if follows else "does not follow"
    word = "Yes" if follows else "No"
    answer = f"{reason}\nSo the conclusion {verdict}.\nAnswer: {word}"
    prompt = f"{first} {second} {question}"
    return Problem("syllogism", (form, a, b, c), prompt, answer, word.lower(), "yes_no")
