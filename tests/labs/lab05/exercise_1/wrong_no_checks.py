# cell: exercise_1_generate
# says: gives 200, and 422 is right: the prompt is empty
# fails: exercise_1_refuse_test
def add_generate(app, source):
    class Ask(BaseModel):  # noqa: F821
        prompt: str
        max_tokens: int = 64

    @app.post("/generate")
    def generate(ask: Ask):
        pieces = list(source(ask.prompt, ask.max_tokens))
        reason = "length" if len(pieces) == ask.max_tokens else "stop"
        return {"text": "".join(pieces), "tokens": len(pieces), "finish_reason": reason}
