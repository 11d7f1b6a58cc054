# cell: exercise_3_answer
def add_answer(app, clock=time.monotonic):  # noqa: F821
    class Ask(BaseModel):  # noqa: F821
        prompt: str = Field(min_length=1, max_length=2000)  # noqa: F821
        seconds: float = Field(10, gt=0, le=60)  # noqa: F821

    @app.post("/answer")
    def answer(ask: Ask, response: Response):  # noqa: F821
        end = ask.seconds + clock()
        if app.state.status != "ready":
            response.status_code, response.headers["Retry-After"] = 503, "1"
            return {"error": "not ready"}
        taken, reason = until(app.state.source(ask.prompt, 256), end, clock)  # noqa: F821
        if not taken and reason != "stop":
            response.status_code = 504
        return {"text": "".join(taken), "finish_reason": reason}
