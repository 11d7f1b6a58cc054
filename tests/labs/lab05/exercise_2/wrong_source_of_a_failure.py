# cell: exercise_2_loading
# says: Loading failed, and app.state.source is not None
# fails: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None

    def work():
        try:
            app.state.source = load()
            app.state.status = "ready"
        except Exception as error:
            app.state.source = error
            app.state.status = "failed"

    threading.Thread(target=work, daemon=True).start()  # noqa: F821
