# cell: exercise_2_loading
# says: is not set when start_loading returns
# fails: exercise_2_loading_test
def start_loading(app, load):
    def work():
        try:
            app.state.source = load()
            app.state.status = "ready"
        except Exception:
            app.state.status = "failed"

    threading.Thread(target=work, daemon=True).start()  # noqa: F821
