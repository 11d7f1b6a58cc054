# cell: exercise_1_repair
# says: change only what is broken
# fails: exercise_1_repair_test
# hidden: exercise_1_repair_test
def repair_vllm(text):
    return text.replace("--quantization=awq", "--tool-call-parser=phi4_mini_json").replace(
        "6g", "12g"
    )
