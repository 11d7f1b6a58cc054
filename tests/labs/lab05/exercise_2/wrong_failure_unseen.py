# cell: exercise_2_loading
# says: app.state.status is 'loading'; 'failed' is right
# fails: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None

    def work():
        app.state.source = load()
        app.state.status = "ready"

    threading.Thread(target=work, daemon=True).start()  # noqa: F821
