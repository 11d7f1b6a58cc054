# cell: exercise_1_generate
# says: called the source 2 times
# fails: exercise_1_refuse_test exercise_1_answer_test
def add_generate(app, source):
    class Ask(BaseModel):  # noqa: F821
        model_config = ConfigDict(extra="forbid", strict=True)  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000, pattern=r"\S")  # noqa: F821
        max_tokens: int = Field(64, ge=1, le=512)  # noqa: F821

    @app.post("/generate")
    def generate(ask: Ask):
        text = "".join(source(ask.prompt, ask.max_tokens))
        count = len(list(source(ask.prompt, ask.max_tokens)))
        reason = "length" if count == ask.max_tokens else "stop"
        return {"text": text, "tokens": count, "finish_reason": reason}
