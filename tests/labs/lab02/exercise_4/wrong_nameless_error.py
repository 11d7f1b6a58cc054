# cell: exercise_4_flags
# says: should name the length
# fails: exercise_4_flags_test
# hidden: exercise_4_flags_test
def serve_arguments(job):
    length = job["prompt"] + job["answer"]
    if length > 4096:
        raise ValueError("too long")
    arguments = [job["model"], "--served-model-name", job["name"], "--max-model-len", str(length)]
    arguments += ["--max-num-seqs", str(job["users"])]
    if job["device"] == "gpu":
        arguments += ["--gpu-memory-utilization", str(job["share"])]
    if job["tools"]:
        arguments += ["--enable-auto-tool-choice", "--tool-call-parser", job["parser"]]
        arguments += ["--chat-template", job["template"]]
    return arguments
