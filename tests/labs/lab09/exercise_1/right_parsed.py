# cell: exercise_1_repair
import yaml


def repair_vllm(text):
    found = yaml.safe_load(text)
    command = found["services"]["vllm"]["command"]
    command.remove("--quantization=awq")
    command += ["--tool-call-parser", "phi4_mini_json"]
    found["services"]["vllm"]["command"] = " ".join(command)
    return yaml.safe_dump(found)
