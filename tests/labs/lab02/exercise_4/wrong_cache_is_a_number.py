# cell: exercise_4_environment
# says: the value of a variable is text
# fails: exercise_4_environment_test
import math


def serve_environment(job):
    gib = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"] / 2**30
    return {"VLLM_CPU_KVCACHE_SPACE": math.ceil(gib)} if job["device"] == "cpu" else {}
