# cell: exercise_1_model
# says: KeyError
# fails: exercise_1_model_test
# hidden: exercise_1_model_test
def model_bytes(geometry, layout):
    return {16: 7_672_043_520, 4: 4_855_900_032}[layout.body.bits]
