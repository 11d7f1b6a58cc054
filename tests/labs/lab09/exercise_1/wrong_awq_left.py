# cell: exercise_1_repair
# says: --quantization is still there
# fails: exercise_1_repair_test
def repair_vllm(text):
    return text.replace("tool-choice", "tool-choice\n      - --tool-call-parser=phi4_mini_json")
