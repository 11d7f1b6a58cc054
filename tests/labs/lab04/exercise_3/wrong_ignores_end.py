# cell: exercise_3_generate
# says: The model ended its turn after
# fails: exercise_3_stop_test
import json

import onnxruntime_genai as og


def generate(folder, messages, max_new_tokens):
    model = og.Model(str(folder))
    tokenizer = og.Tokenizer(model)
    text = tokenizer.apply_chat_template(json.dumps(messages), add_generation_prompt=True)
    prompt = tokenizer.encode(text)
    options = og.GeneratorParams(model)
    options.set_search_options(max_length=len(prompt) + max_new_tokens, do_sample=False)
    generator = og.Generator(model, options)
    generator.append_tokens(prompt)
    tokens = []
    for _ in range(max_new_tokens):
        generator.generate_next_token()
        tokens.append(int(generator.get_next_tokens()[0]))
    return tokens
