# cell: exercise_2_loading
# says: start_loading let it through
# fails: exercise_2_loading_test
quiet_loading = start_loading  # noqa: F821


def start_loading(app, load):
    quiet_loading(app, load)
    while app.state.status == "loading" and not threading.active_count() > 1:  # noqa: F821
        pass
    if app.state.status == "failed":
        load()
