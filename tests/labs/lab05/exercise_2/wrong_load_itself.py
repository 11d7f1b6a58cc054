# cell: exercise_2_loading
# says: app.state.source is not what load() gave
# fails: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None

    def work():
        try:
            load()
            app.state.source = load
            app.state.status = "ready"
        except Exception:
            app.state.status = "failed"

    threading.Thread(target=work, daemon=True).start()  # noqa: F821
