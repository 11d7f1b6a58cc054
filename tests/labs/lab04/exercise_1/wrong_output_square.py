# cell: exercise_1_parameters
# says: You took the output projection as hidden_size by hidden_size
# fails: exercise_1_parameters_test exercise_1_memory_test
# hidden: exercise_1_parameters_test exercise_1_memory_test
def parameters(config):
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    qkv = hidden * (heads + 2 * config["num_key_value_heads"]) * head
    layer = qkv + hidden * hidden + 3 * hidden * config["intermediate_size"] + 2 * hidden
    tables = 1 if config["tie_word_embeddings"] else 2
    return config["num_hidden_layers"] * layer + hidden + tables * config["vocab_size"] * hidden
