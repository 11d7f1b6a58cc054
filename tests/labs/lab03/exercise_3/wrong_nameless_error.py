# cell: exercise_3_body
# says: should name the setting
# fails: exercise_3_body_test
def chat_body(model, question, settings):
    options, beside = {}, {}
    for name, value in settings.items():
        name = OPENAI.get(name, name)  # noqa: F821
        if name not in BESIDE and name not in OPTIONS:  # noqa: F821
            raise ValueError("no such option")
        if value is None:
            continue
        if name in BESIDE:  # noqa: F821
            beside[name] = value
        else:
            options[name] = [value] if name == "stop" and type(value) is str else value
    messages = [{"role": "user", "content": question}]
    return {"model": model, "messages": messages, "options": options, "stream": False} | beside
