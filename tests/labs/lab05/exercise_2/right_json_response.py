# cell: exercise_2_probes
from fastapi.responses import JSONResponse


def add_probes(app):
    @app.get("/live")
    async def live():
        return {"status": "alive"}

    @app.get("/ready")
    async def ready():
        code = {"ready": 200}.get(app.state.status, 503)
        return JSONResponse({"status": app.state.status}, code)
