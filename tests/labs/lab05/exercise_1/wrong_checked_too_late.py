# cell: exercise_1_generate
# says: but the source was called before that
# fails: exercise_1_refuse_test
def add_generate(app, source):
    @app.post("/generate")
    def generate(body: dict):
        most = body.pop("max_tokens", 64)
        prompt = body.pop("prompt", "")
        pieces = list(source(prompt, most))
        right = type(most) is int and 1 <= most <= 512 and prompt.strip() and len(prompt) <= 2000
        if body or not right:
            raise HTTPException(422, "The body is wrong.")  # noqa: F821
        reason = "length" if len(pieces) == most else "stop"
        return {"text": "".join(pieces), "tokens": len(pieces), "finish_reason": reason}
