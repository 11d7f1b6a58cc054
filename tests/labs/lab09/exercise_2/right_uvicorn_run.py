# cell: exercise_2_repair
def repair_dockerfile(text):
    run = "import uvicorn; uvicorn.run('server:app', host='0.0.0.0', port=8080)"
    return text.replace('["python", "server.py"]', f'["python", "-c", "{run}"]')


def repair_health(text):
    old = '"curl", "-f", "http://localhost:8080/health"'
    ask = "c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/health')"
    ask = f"import http.client as h, sys; {ask}; sys.exit(c.getresponse().status >= 400)"
    return text.replace(old, f'"python", "-c", "{ask}"')
