# cell: exercise_1_generate
# says: is the route there, and for POST
# fails: exercise_1_refuse_test exercise_1_answer_test
def add_generate(app, source):
    @app.get("/generate")
    def generate(prompt: str, max_tokens: int = 64):
        pieces = list(source(prompt, max_tokens))
        reason = "length" if len(pieces) == max_tokens else "stop"
        return {"text": "".join(pieces), "tokens": len(pieces), "finish_reason": reason}
