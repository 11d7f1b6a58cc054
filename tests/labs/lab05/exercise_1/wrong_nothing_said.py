# cell: exercise_1_generate
# says: with the pieces [] and max_tokens 8 gives 500
# fails: exercise_1_answer_test
# hidden: exercise_1_answer_test
def add_generate(app, source):
    class Ask(BaseModel):  # noqa: F821
        model_config = ConfigDict(extra="forbid", strict=True)  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000, pattern=r"\S")  # noqa: F821
        max_tokens: int = Field(64, ge=1, le=512)  # noqa: F821

    @app.post("/generate")
    def generate(ask: Ask):
        pieces = source(ask.prompt, ask.max_tokens)
        text, count = next(pieces), 1
        for piece in pieces:
            text, count = text + piece, count + 1
        reason = "length" if count == ask.max_tokens else "stop"
        return {"text": text, "tokens": count, "finish_reason": reason}
