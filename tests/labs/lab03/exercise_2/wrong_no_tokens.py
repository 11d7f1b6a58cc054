# cell: exercise_2_figures
# says: has no tokens
# fails: exercise_2_figures_test
def figures(last):
    def speed(name):
        count, duration = last.get(f"{name}_count"), last.get(f"{name}_duration")
        return count / (duration / 1e9) if count and duration else None

    return {
        "load_seconds": last.get("load_duration", 0) / 1e9,
        "prompt_speed": speed("prompt_eval"),
        "speed": speed("eval"),
    }
