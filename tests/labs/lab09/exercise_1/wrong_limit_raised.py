# cell: exercise_1_repair
# says: change only what is broken
# fails: exercise_1_repair_test
# hidden: exercise_1_repair_test
PARSER = "--tool-call-parser=phi4_mini_native"
BOTH = f"--tool-parser-plugin=/course/vllm_tools.py\n      - {PARSER}"
AWQ = "--quantization=awq"


def repair_vllm(text):
    return text.replace(AWQ, BOTH).replace("6g", "12g")
