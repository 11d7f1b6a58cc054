# cell: exercise_1_repair
# says: It starts, without tools
# fails: exercise_1_repair_test
# hidden: exercise_1_repair_test
def repair_vllm(text):
    return text.replace("      - --quantization=awq\n", "").replace(
        "      - --enable-auto-tool-choice\n", ""
    )
