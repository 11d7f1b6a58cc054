# cell: exercise_1_memory
# says: this call says 8
# fails: exercise_1_memory_test
# hidden: exercise_1_memory_test
def kv_cache_bytes(config, tokens, sequences, bits=16):
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    per_layer = 2 * config["num_key_value_heads"] * head * 2
    return per_layer * config["num_hidden_layers"] * tokens * sequences
