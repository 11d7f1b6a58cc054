"""Function calling: choose a tool, copy its name, fill in its arguments, or leave it be."""

import json
import random

from workbook.pocket.families.logic import SYLLABLES
from workbook.pocket.families.problem import Problem

CITIES = (
    "Paris London Nairobi Hanoi Kyiv Lima Cairo Oslo Madrid Tokyo Quito Accra Delhi Rome Sofia"
).split()
WORDS = (
    "apple bridge cloud dance eagle forest garden house island jungle kitchen lemon mountain night"
).split()


def schema(name: str, description: str, **parameters: tuple[str, str]) -> dict:
    """A tool in OpenAI's function format; each parameter is (JSON type, description)."""
    return {
        "name": name,
        "description": description,
        "parameters": {
            "type": "object",
            "properties": {
                key: {"type": kind, "description": said} for key, (kind, said) in parameters.items()
            },
            "required": list(parameters),
        },
    }


def _circle(rng: random.Random):
    radius = rng.randint(1, 99)
    asks = (
        f"Calculate the area of a circle with radius {radius} units",
        f"What is the area of a circle whose radius is {radius}?",
        f"Circle area for radius {radius}, please.",
    )
    tool = schema(
        "calculate_circle_area",
        "Calculate the area of a circle given its radius",
        radius=("number", "The radius of the circle"),
    )
    return tool, asks, {"radius": radius}


def _weather(rng: random.Random):
    city = rng.choice(CITIES)
    asks = (f"What is the weather in {city}?", f"How is the weather in {city} today?")
    tool = schema(
        "get_weather", "Get the current weather of a city", city=("string", "Name of the city")
    )
    return tool, asks, {"city": city}


def _multiply(rng: random.Random):
    a, b = rng.randint(2, 999), rng.randint(2, 999)
    asks = (f"What is {a} times {b}?", f"Multiply {a} by {b}.", f"Compute {a} x {b}")
    tool = schema(
        "multiply",
        "Multiply two numbers",
        a=("number", "First number"),
        b=("number", "Second number"),
    )
    return tool, asks, {"a": a, "b": b}


def _convert(rng: random.Random):
    amount = rng.randint(1, 500)
    source, target = rng.sample(("USD", "EUR", "GBP", "KES", "VND", "UAH", "JPY"), 2)
    asks = (
        f"Convert {amount} {source} to {target}.",
        f"How much is {amount} {source} in {target}?",
    )
    tool = schema(
        "convert_currency",
        "Convert an amount of money from one currency to another",
        amount=("number", "Amount of money"),
        source=("string", "Currency to convert from"),
        target=("string", "Currency to convert to"),
    )
    return tool, asks, {"amount": amount, "source": source, "target": target}


def _translate(rng: random.Random):
    word, language = rng.choice(WORDS), rng.choice(("French", "Swahili", "Ukrainian", "German"))
    asks = (f"Translate {word} into {language}.", f"What is {word} in {language}?")
    tool = schema(
        "translate_word",
        "Translate a word into another language",
        word=("string", "Word to translate"),
        language=("string", "Target language"),
    )
    return tool, asks, {"word": word, "language": language}


def _timer(rng: random.Random):
    minutes = rng.randint(1, 90)
    asks = (f"Set a timer for {minutes} minutes.", f"Start a {minutes} minute timer, please.")
    tool = schema("set_timer", "Start a timer", minutes=("number", "Duration in minutes"))
    return tool, asks, {"minutes": minutes}


def _made_up(rng: random.Random):
    """A tool with a name and a parameter that were never used before: it teaches copying."""
    verb = rng.choice(("find", "get", "check", "count", "measure", "book", "open", "list"))
    thing = "".join(rng.choice(SYLLABLES) for _ in range(2))
    key = "".join(rng.choice(SYLLABLES) for _ in range(2))
    numeric = rng.random() < 0.5
    value = rng.randint(1, 999) if numeric else rng.choice(WORDS + CITIES)
    tool = schema(
        f"{verb}_{thing}",
        f"{verb.capitalize()} the {thing} of a {key}",
        **{key: ("number" if numeric else "string", f"The {key}")},
    )
    asks = (
        f"{verb.capitalize()} the {thing} of {key} {value}.",
        f"Please {verb} the {thing} for {key} {value}",
    )
    return tool, asks, {key: value}


SEEN = (_circle, _weather, _multiply, _convert, _translate, _timer)


def call(rng: random.Random) -> Problem:
    """One request and one to three tools, of which one fits."""
    makers = [
        _made_up if rng.random() < 0.5 else rng.choice(SEEN) for _ in range(rng.randint(1, 3))
    ]
    drawn = {tool["name"]: (tool, asks, args) for tool, asks, args in (m(rng) for m in makers)}
    tool, asks, arguments = rng.choice(list(drawn.values()))
    tools = [t for t, _, _ in drawn.values()]
    rng.shuffle(tools)
    made = {"name": tool["name"], "arguments": arguments}
    key = (tool["name"], json.dumps(arguments, sort_keys=True))
    return Problem(
        "tool_call", key, rng.choice(asks), "", [made], "tool_calls",
        tools=tuple(tools), tool_calls=(made,),
    )  # fmt: skip
