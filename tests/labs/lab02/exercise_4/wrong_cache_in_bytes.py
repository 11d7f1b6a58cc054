# cell: exercise_4_environment
# says: Those are bytes
# fails: exercise_4_environment_test
import math


def serve_environment(job):
    gib = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"]
    return {"VLLM_CPU_KVCACHE_SPACE": str(math.ceil(gib))} if job["device"] == "cpu" else {}
