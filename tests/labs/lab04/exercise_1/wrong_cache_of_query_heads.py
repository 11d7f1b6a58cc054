# cell: exercise_1_memory
# says: every query head
# fails: exercise_1_memory_test exercise_1_fit_test
# then: kv_cache_bytes(config, 4096, 1, 16) gave
def kv_cache_bytes(config, tokens, sequences, bits=16):
    d = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    heads = config["num_attention_heads"]
    return 2 * config["num_hidden_layers"] * heads * d * tokens * sequences * bits // 8
