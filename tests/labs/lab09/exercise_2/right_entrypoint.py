# cell: exercise_2_repair
def repair_dockerfile(text):
    serve = 'ENTRYPOINT ["python", "-m", "uvicorn", "server:app"]'
    return text.replace(
        'CMD ["python", "server.py"]', serve + '\nCMD ["--host=0.0.0.0", "--port=8080"]'
    )


def repair_health(text):
    old = '["CMD", "curl", "-f", "http://localhost:8080/health"]'
    return text.replace(old, """
        - CMD
        - python
        - -c
        - |
          import sys, urllib.request
          try:
              urllib.request.urlopen("http://localhost:8080/health", timeout=3)
          except OSError:
              sys.exit(1)""")
