# cell: exercise_2_probes
# says: Who sends requests reads the number only
# fails: exercise_2_probes_test
def add_probes(app):
    @app.get("/live")
    def live():
        return {"status": "alive"}

    @app.get("/ready")
    def ready():
        return {"status": app.state.status}
