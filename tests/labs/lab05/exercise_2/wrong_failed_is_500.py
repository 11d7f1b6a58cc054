# cell: exercise_2_probes
# says: GET /ready while the status is 'failed' gives 500
# fails: exercise_2_probes_test
# hidden: exercise_2_probes_test
def add_probes(app):
    @app.get("/live")
    def live():
        return {"status": "alive"}

    @app.get("/ready")
    def ready(response: Response):  # noqa: F821
        response.status_code = {"ready": 200, "loading": 503}.get(app.state.status, 500)
        return {"status": app.state.status}
