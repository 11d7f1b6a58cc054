# cell: exercise_2_figures
# says: where nothing was computed: give None
# fails: exercise_2_figures_test
# hidden: exercise_2_figures_test
def figures(last):
    def speed(name):
        count, duration = last.get(f"{name}_count"), last.get(f"{name}_duration")
        return count / (duration / 1e9) if count and duration else 0.0

    return {
        "tokens": last.get("eval_count", 0),
        "load_seconds": last.get("load_duration", 0) / 1e9,
        "prompt_speed": speed("prompt_eval"),
        "speed": speed("eval"),
    }
