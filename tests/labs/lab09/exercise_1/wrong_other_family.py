# cell: exercise_1_repair
# says: does not read this family
# fails: exercise_1_repair_test
# hidden: exercise_1_repair_test
def repair_vllm(text):
    return text.replace("--quantization=awq", "--tool-call-parser=hermes")
