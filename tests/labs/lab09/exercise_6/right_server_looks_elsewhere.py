# cell: exercise_6_repair
def repair_server(text):
    text = text.replace("/app/models", "/models")
    text = text.replace("import FastAPI", "import FastAPI, Response")
    text = text.replace(
        "(request: ReasoningRequest):\n    try",
        "(request: ReasoningRequest, response: Response):\n    try",
    )
    status = "response.status_code = 500 if engine.model else 503"
    text = text.replace('return {"error"', f'{status}\n        return {{"error"')
    text = text.replace("health():\n", "health(response: Response):\n    {}\n")
    return text.replace("    {}\n", "    response.status_code = 200 if engine.model else 503\n")


def repair_mount(text):
    return text
