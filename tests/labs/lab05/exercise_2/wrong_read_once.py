# cell: exercise_2_probes
# says: GET /ready while the status is 'ready' gives 503, and 200 is right
# fails: exercise_2_probes_test
# hidden: exercise_2_probes_test
def add_probes(app):
    status = app.state.status

    @app.get("/live")
    def live():
        return {"status": "alive"}

    @app.get("/ready")
    def ready(response: Response):  # noqa: F821
        response.status_code = 200 if status == "ready" else 503
        return {"status": status}
