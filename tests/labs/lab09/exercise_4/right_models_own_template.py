# cell: exercise_4_repair
def repair_llamacpp(text):
    return "\n".join(x for x in text.splitlines() if "--chat-template-file" not in x)
