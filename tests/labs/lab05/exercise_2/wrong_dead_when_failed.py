# cell: exercise_2_probes
# says: GET /live while the status is 'failed' gives 500
# fails: exercise_2_probes_test
# hidden: exercise_2_probes_test
def add_probes(app):
    @app.get("/live")
    def live(response: Response):  # noqa: F821
        response.status_code = 500 if app.state.status == "failed" else 200
        return {"status": "alive"}

    @app.get("/ready")
    def ready(response: Response):  # noqa: F821
        response.status_code = 200 if app.state.status == "ready" else 503
        return {"status": app.state.status}
