# cell: exercise_1_repair
import yaml


def repair_vllm(text):
    found = yaml.safe_load(text)
    command = found["services"]["vllm"]["command"]
    command.remove("--quantization=awq")
    command += ["--tool-parser-plugin", "/course/vllm_tools.py"]
    command += ["--tool-call-parser", "phi4_mini_native"]
    found["services"]["vllm"]["command"] = " ".join(command)
    return yaml.safe_dump(found)
