# cell: exercise_1_generate
# says: Its fields must be text, tokens, finish_reason
# fails: exercise_1_answer_test
def add_generate(app, source):
    class Ask(BaseModel):  # noqa: F821
        model_config = ConfigDict(extra="forbid", strict=True)  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000, pattern=r"\S")  # noqa: F821
        max_tokens: int = Field(64, ge=1, le=512)  # noqa: F821

    @app.post("/generate")
    def generate(ask: Ask):
        pieces = list(source(ask.prompt, ask.max_tokens))
        return {"generated_text": "".join(pieces)}
