# cell: exercise_1_math
# says: Error: (line 5): command must be one of
# fails: exercise_1_math_test
def math_variant():
    return (
        "acme/math",
        '''FROM phi4:mini
PARAMETER context_length 4096
PARAMETER num_gpu 1
PARAMETER num_predict 200
FILE ./guidelines.pdf
TEMPLATE """{{ .System }}
User: {{ .Prompt }}
Assistant: """
SYSTEM You are an expert reasoning assistant. Always think step by step.
''',
    )
