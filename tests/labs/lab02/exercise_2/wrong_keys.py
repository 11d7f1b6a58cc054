# cell: exercise_2_measure
# says: has no ttft
# fails: exercise_2_measure_test
def measure(events):
    texts, tokens, reason = [], None, None
    for at, chunk in chunks(events):  # noqa: F821
        if chunk["usage"]:
            tokens = chunk["usage"]["completion_tokens"]
        for choice in chunk["choices"]:
            reason = choice["finish_reason"] or reason
            if choice["delta"].get("content"):
                texts.append((at, choice["delta"]["content"]))
    ttft = texts[0][0] if texts else None
    tpot = None
    if texts and tokens > 1:
        tpot = (texts[-1][0] - ttft) / (tokens - 1)
    text = "".join(piece for _, piece in texts)
    return {"text": text, "finish_reason": reason, "tokens": tokens, "TTFT": ttft, "tpot": tpot}
