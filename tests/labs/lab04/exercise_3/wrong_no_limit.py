# cell: exercise_3_generate
# says: are allowed
# fails: exercise_3_tokens_test exercise_3_stop_test
# hidden: exercise_3_stop_test
import json

import onnxruntime_genai as og


def generate(folder, messages, max_new_tokens):
    model = og.Model(str(folder))
    tokenizer = og.Tokenizer(model)
    text = tokenizer.apply_chat_template(json.dumps(messages), add_generation_prompt=True)
    prompt = tokenizer.encode(text)
    options = og.GeneratorParams(model)
    options.set_search_options(do_sample=False)
    generator = og.Generator(model, options)
    generator.append_tokens(prompt)
    while not generator.is_done():
        generator.generate_next_token()
    return generator.get_sequence(0)[len(prompt) :].tolist()
