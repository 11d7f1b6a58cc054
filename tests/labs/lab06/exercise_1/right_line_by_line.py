# cell: exercise_1_stated
def stated(text):
    kept = ""
    for line in text.replace("**", "").splitlines():
        if not line.strip():
            continue
        at = line.lower().rfind("answer:")
        if at >= 0 and line[at + 7 :].strip():
            kept = "!" + line[at + 7 :].strip()
        elif not kept.startswith("!"):
            kept = line.strip()
    return kept.removeprefix("!")
