# cell: exercise_1_generate
# says: 0 is too little
# fails: exercise_1_refuse_test
# hidden: exercise_1_refuse_test
def add_generate(app, source):
    class Ask(BaseModel):  # noqa: F821
        model_config = ConfigDict(extra="forbid", strict=True)  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000, pattern=r"\S")  # noqa: F821
        max_tokens: int = Field(64, ge=0, le=512)  # noqa: F821

    @app.post("/generate")
    def generate(ask: Ask):
        pieces = list(source(ask.prompt, ask.max_tokens))
        reason = "length" if len(pieces) == ask.max_tokens else "stop"
        return {"text": "".join(pieces), "tokens": len(pieces), "finish_reason": reason}
