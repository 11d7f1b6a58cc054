# cell: exercise_1_repair
# says: --quantization is still there
# fails: exercise_1_repair_test
PARSER = "--tool-call-parser=phi4_mini_native"
BOTH = f"--tool-parser-plugin=/course/vllm_tools.py\n      - {PARSER}"
AWQ = "--quantization=awq"


def repair_vllm(text):
    return text.replace("--enforce-eager", BOTH)
