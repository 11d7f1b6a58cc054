# cell: exercise_4_environment
import math


def serve_environment(job):
    gib = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"] / 2**30
    return {"VLLM_CPU_KVCACHE_SPACE": str(math.ceil(gib))} if job["device"] == "cpu" else {}
