# cell: exercise_4_environment
# says: 6 and 5 is right
# fails: exercise_4_environment_test
# hidden: exercise_4_environment_test
def serve_environment(job):
    gib = (job["prompt"] + job["answer"]) * job["users"] * job["per_token"] / 2**30
    return {"VLLM_CPU_KVCACHE_SPACE": str(int(gib) + 1)} if job["device"] == "cpu" else {}
