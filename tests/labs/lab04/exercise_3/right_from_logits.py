# cell: exercise_3_generate
def generate(folder, messages, max_new_tokens):
    model = og.Model(str(folder))
    tokenizer = og.Tokenizer(model)
    text = tokenizer.apply_chat_template(json.dumps(messages), add_generation_prompt=True)
    prompt = tokenizer.encode(text)
    options = og.GeneratorParams(model)
    options.set_search_options(max_length=len(prompt) + max_new_tokens + 1)
    generator = og.Generator(model, options)
    generator.append_tokens(prompt)
    new = []
    for _ in range(max_new_tokens):
        token = int(np.argmax(generator.get_logits()[0, -1]))
        if token in list(tokenizer.eos_token_ids):
            break
        new.append(token)
        generator.append_tokens(np.array([token], dtype=np.int32))
    return new
