# cell: exercise_4_environment
# says: Round up
# fails: exercise_4_environment_test
import math


def serve_environment(job):
    gib = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"] / 2**30
    return {"VLLM_CPU_KVCACHE_SPACE": str(math.floor(gib))} if job["device"] == "cpu" else {}
