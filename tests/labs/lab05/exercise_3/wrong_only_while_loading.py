# cell: exercise_3_answer
# says: POST /answer while the status is 'failed' gives 200
# fails: exercise_3_answer_test
# hidden: exercise_3_answer_test
def add_answer(app, clock=time.monotonic):  # noqa: F821
    class Ask(BaseModel):  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000)  # noqa: F821
        seconds: float = Field(10, gt=0, le=60)  # noqa: F821

    @app.post("/answer")
    def answer(ask: Ask):
        end = ask.seconds + clock()
        if app.state.status == "loading":
            raise HTTPException(503, "not ready", {"Retry-After": "1"})  # noqa: F821
        taken, reason = until(app.state.source(ask.prompt, 256), end, clock)  # noqa: F821
        if not taken and reason != "stop":
            raise HTTPException(504, "too late")  # noqa: F821
        return {"text": "".join(taken), "finish_reason": reason}
