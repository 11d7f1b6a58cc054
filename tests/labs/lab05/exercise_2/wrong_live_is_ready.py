# cell: exercise_2_probes
# says: It says that the process lives
# fails: exercise_2_probes_test
def add_probes(app):
    @app.get("/live")
    @app.get("/ready")
    def ready(response: Response):  # noqa: F821
        response.status_code = 200 if app.state.status == "ready" else 503
        return {"status": app.state.status}
