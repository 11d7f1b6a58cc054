# cell: exercise_1_math
def math_variant():
    return (
        "me/sums:v2",
        '''# word problems
from phi4-mini:3.8b-q8_0
system """You solve word problems.
The last line is "Answer:" and the result."""
parameter num_predict 512
parameter num_ctx 4096
parameter temperature 0.0
parameter seed 1
''',
    )
