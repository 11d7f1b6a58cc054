# cell: exercise_2_loading
# says: call load inside the thread
# fails: exercise_2_loading_test
def start_loading(app, load):
    app.state.status, app.state.source = "loading", None
    try:
        app.state.source = load()
        app.state.status = "ready"
    except Exception:
        app.state.status = "failed"
