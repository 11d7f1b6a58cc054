# cell: exercise_2_loading
# says: set the source first
# fails: exercise_2_loading_test
# hidden: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None

    def work():
        try:
            source = load()
            app.state.status = "ready"
            app.state.source = source
        except Exception:
            app.state.status = "failed"

    threading.Thread(target=work, daemon=True).start()  # noqa: F821
