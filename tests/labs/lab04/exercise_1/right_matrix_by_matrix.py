# cell: exercise_1_parameters
from math import prod


def shapes(config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    queries = config["num_attention_heads"]
    size = config["head_dim"] if "head_dim" in config else hidden // queries
    for _ in range(config["num_hidden_layers"]):
        yield from [(hidden, queries * size), (queries * size, hidden), (hidden,), (hidden,)]
        yield from [(hidden, config["num_key_value_heads"] * size)] * 2
        yield from [(hidden, inner), (hidden, inner), (inner, hidden)]
    yield hidden, config["vocab_size"]
    if not config["tie_word_embeddings"]:
        yield config["vocab_size"], hidden
    yield (hidden,)


def parameters(config):
    return sum(prod(shape) for shape in shapes(config))
