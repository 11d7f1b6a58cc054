# cell: exercise_2_loading
# says: was the thread started
# fails: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None

    def work():
        app.state.source = load()
        app.state.status = "ready"

    threading.Thread(target=work, daemon=True)  # noqa: F821
