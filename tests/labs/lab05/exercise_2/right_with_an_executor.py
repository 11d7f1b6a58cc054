# cell: exercise_2_loading
from concurrent.futures import ThreadPoolExecutor


def start_loading(app, load):
    app.state.source = None
    app.state.status = "loading"

    def finished(job):
        app.state.source = None if job.exception() else job.result()
        app.state.status = "failed" if job.exception() else "ready"

    ThreadPoolExecutor(1).submit(load).add_done_callback(finished)
