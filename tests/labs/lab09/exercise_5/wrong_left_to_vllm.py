# cell: exercise_5_repair
# says: 92 % of all memory
# fails: exercise_5_repair_test
def repair_memory(text):
    return text.replace('      VLLM_CPU_KVCACHE_SPACE: "20"\n', "").replace("16g", "12g")
