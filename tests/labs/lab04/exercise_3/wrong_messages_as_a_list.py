# cell: exercise_3_generate
# says: json.dumps(messages)
# fails: exercise_3_tokens_test exercise_3_stop_test
def generate(folder, messages, max_new_tokens):
    tokenizer = og.Tokenizer(og.Model(str(folder)))
    return tokenizer.encode(tokenizer.apply_chat_template(messages)).tolist()
