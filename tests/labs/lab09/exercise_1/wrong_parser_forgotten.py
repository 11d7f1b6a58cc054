# cell: exercise_1_repair
# says: wants a --tool-call-parser
# fails: exercise_1_repair_test
def repair_vllm(text):
    return text.replace("      - --quantization=awq\n", "")
