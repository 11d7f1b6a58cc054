# cell: exercise_1_compose
# says: HF_TOKEN is in the environment
# fails: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    'HF_HUB_OFFLINE: "1"',
    'HF_TOKEN: "${HF_TOKEN}"',
)
