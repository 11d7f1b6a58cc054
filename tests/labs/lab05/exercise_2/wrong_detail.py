# cell: exercise_2_probes
# says: gives {'detail': 'loading'}, and {'status': 'loading'} is right
# fails: exercise_2_probes_test
def add_probes(app):
    @app.get("/live")
    def live():
        return {"status": "alive"}

    @app.get("/ready")
    def ready():
        if app.state.status != "ready":
            raise HTTPException(503, app.state.status)  # noqa: F821
        return {"status": app.state.status}
