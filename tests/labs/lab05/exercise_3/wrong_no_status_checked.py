# cell: exercise_3_answer
# says: POST /answer while the status is 'loading' gives 200, and 503 is right
# fails: exercise_3_answer_test
def add_answer(app, clock=time.monotonic):  # noqa: F821
    class Ask(BaseModel):  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000)  # noqa: F821
        seconds: float = Field(10, gt=0, le=60)  # noqa: F821

    @app.post("/answer")
    def answer(ask: Ask):
        taken, reason = until(app.state.source(ask.prompt, 256), ask.seconds + clock(), clock)  # noqa: F821
        return {"text": "".join(taken), "finish_reason": reason}
