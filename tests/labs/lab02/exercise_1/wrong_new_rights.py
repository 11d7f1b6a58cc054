# cell: exercise_1_compose
# says: It may gain rights
# fails: exercise_1_safe_test
# hidden: exercise_1_safe_test
COMPOSE = COMPOSE.replace(  # noqa: F821
    ', security_opt: ["no-new-privileges:true"]',
    "",
)
