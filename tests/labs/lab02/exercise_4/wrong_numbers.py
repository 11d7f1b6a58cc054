# cell: exercise_4_flags
# says: a program gets its numbers as text
# fails: exercise_4_flags_test
def serve_arguments(job):
    length = job["prompt"] + job["answer"]
    if length > 4096:
        raise ValueError(f"{length} tokens are too many")
    arguments = [job["model"], "--served-model-name", job["name"], "--max-model-len", length]
    arguments += ["--max-num-seqs", str(job["users"])]
    if job["device"] == "gpu":
        arguments += ["--gpu-memory-utilization", str(job["share"])]
    if job["tools"]:
        arguments += ["--enable-auto-tool-choice", "--tool-call-parser", job["parser"]]
        arguments += ["--chat-template", job["template"]]
    return arguments
