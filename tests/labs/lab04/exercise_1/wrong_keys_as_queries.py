# cell: exercise_1_parameters
# says: as many heads as queries
# fails: exercise_1_parameters_test exercise_1_memory_test exercise_1_fit_test
def parameters(config):
    h, q = config["hidden_size"], config["num_attention_heads"]
    d = config.get("head_dim") or h // q
    layer = h * 3 * q * d + q * d * h + 3 * h * config["intermediate_size"] + 2 * h
    tables = 1 if config["tie_word_embeddings"] else 2
    return config["num_hidden_layers"] * layer + h + tables * config["vocab_size"] * h
