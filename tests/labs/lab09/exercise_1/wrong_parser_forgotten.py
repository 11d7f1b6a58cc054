# cell: exercise_1_repair
# says: wants a --tool-call-parser
# fails: exercise_1_repair_test
PARSER = "--tool-call-parser=phi4_mini_native"
BOTH = f"--tool-parser-plugin=/course/vllm_tools.py\n      - {PARSER}"
AWQ = "--quantization=awq"


def repair_vllm(text):
    return text.replace(f"      - {AWQ}\n", "")
