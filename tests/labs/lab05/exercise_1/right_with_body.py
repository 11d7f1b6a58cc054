# cell: exercise_1_generate
import fastapi
from starlette.concurrency import run_in_threadpool


def add_generate(app, source):
    @app.post("/generate")
    async def generate(body: dict):
        prompt, most = body.pop("prompt", None), body.pop("max_tokens", 64)
        fits = type(prompt) is str and prompt.strip() and len(prompt) <= 2000
        if body or not fits or type(most) is not int or most not in range(1, 513):
            raise fastapi.HTTPException(422, "The body is wrong.")
        pieces = await run_in_threadpool(lambda: list(source(prompt, most)))
        reason = "stop" if len(pieces) < most else "length"
        return {"finish_reason": reason, "text": "".join(pieces), "tokens": len(pieces)}
