# cell: exercise_4_environment
# says: gave None
# fails: exercise_4_environment_test
import math


def serve_environment(job):
    gib = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"] / 2**30
    _ = {"VLLM_CPU_KVCACHE_SPACE": str(math.ceil(gib))} if job["device"] == "cpu" else {}
