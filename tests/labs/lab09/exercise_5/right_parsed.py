# cell: exercise_5_repair
import yaml


def repair_memory(text):
    found = yaml.safe_load(text)
    service = found["services"]["vllm"]
    service["environment"] = ["VLLM_CPU_KVCACHE_SPACE=2", "HF_HUB_OFFLINE=1"]
    service["deploy"]["resources"]["limits"]["memory"] = "12288M"
    return yaml.safe_dump(found)
