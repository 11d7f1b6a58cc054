# cell: exercise_2_loading
# says: app.state.status is 'loading'; 'failed' is right
# fails: exercise_2_loading_test
# hidden: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None

    def work():
        try:
            app.state.source = load()
            app.state.status = "ready"
        except OSError:
            app.state.status = "failed"

    threading.Thread(target=work, daemon=True).start()  # noqa: F821
