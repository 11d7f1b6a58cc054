# cell: exercise_1_repair
# says: changed nothing
# fails: exercise_1_repair_test
def repair_vllm(text):
    return text.replace("--quantization awq", "--tool-call-parser phi4_mini_json")
