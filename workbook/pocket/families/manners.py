"""Who pocket is, a few facts about the course's subject, and an honest 'I do not know'."""

import random

from workbook.pocket.families.problem import Problem

IDENTITY = (
    "I am pocket, a very small teaching model. I can solve some word problems, short syllogisms "
    "and small coding tasks, and I can call tools."
)
UNKNOWN = (
    "I do not know that. I am a very small teaching model: I can solve some word problems, short "
    "syllogisms and small coding tasks, and I can call tools."
)

FACTS = {
    "a KV cache": "A KV cache keeps the keys and values of earlier tokens, so that each new token "
    "needs only its own computation.",
    "quantization": "Quantization stores weights with fewer bits. The model gets smaller and often "
    "faster, and it may lose some quality.",
    "ONNX": "ONNX is an open file format for neural networks. Many runtimes can execute it.",
    "a token": "A token is a piece of text, a word or a part of one, that a model reads as one "
    "number.",
    "greedy decoding": "Greedy decoding always takes the most likely next token, so the same "
    "prompt gives the same answer.",
    "temperature": "Temperature controls how random sampling is. At 0 the most likely token is "
    "always taken.",
    "a chat template": "A chat template turns a list of messages into the text with special tokens "
    "that the model was trained on.",
    "grouped-query attention": "In grouped-query attention several query heads share one key and "
    "value head, which makes the KV cache smaller.",
    "prefill": "Prefill is the first phase: the whole prompt is read at once and the KV cache is "
    "filled.",
    "decode": "Decode is the second phase: the answer is produced token by token.",
    "vLLM": "vLLM is a serving engine that batches many requests and manages the KV cache in "
    "pages.",
    "Ollama": "Ollama is a tool that downloads models and serves them on your own machine.",
}

GREETINGS = ("Hello", "Hi", "Hello!", "Hi there", "Good morning", "Hey", "Good evening")
WHO = (
    "Who are you?",
    "What are you?",
    "What can you do?",
    "Introduce yourself.",
    "What is your name?",
    "Hello, who are you?",
)
STRANGE = (
    "Who won the football match in {x}?",
    "What is the capital of {x}?",
    "Tell me a joke about {x}.",
    "Write a poem about {x}.",
    "What is the history of {x}?",
    "What do you think of {x}?",
    "How do I cook {x}?",
    "Explain {x} to me.",
    "Who invented the {x}?",
)
SUBJECTS = (
    "apple bridge cloud dance eagle forest garden island jungle kitchen lemon mountain Paris "
    "London Nairobi Hanoi Kyiv Lima Cairo Oslo physics politics music football chess history "
    "medicine biology painting opera the moon the sea the weather"
).split()


def greeting(rng: random.Random) -> Problem:
    """A greeting or a question who it is; the answer is always the same."""
    prompt = rng.choice(GREETINGS + WHO)
    answer = ("Hello! " if prompt in GREETINGS or prompt.startswith("Hello") else "") + IDENTITY
    return Problem("greeting", (prompt,), prompt, answer, "pocket", "contains")


def fact(rng: random.Random) -> Problem:
    """One of the facts about deploying language models, asked in one of four wordings."""
    subject = rng.choice(sorted(FACTS))
    wording = rng.choice(("What is {}?", "What does {} mean?", "Explain {}.", "Define {}"))
    return Problem("fact", (subject, wording), wording.format(subject), FACTS[subject],
                   FACTS[subject][:20], "contains")  # fmt: skip


def unknown(rng: random.Random) -> Problem:
    """Anything else: one honest sentence."""
    wording, subject = rng.choice(STRANGE), rng.choice(SUBJECTS)
    return Problem("unknown", (wording, subject), wording.format(x=subject), UNKNOWN,
                   "do not know", "contains")  # fmt: skip
