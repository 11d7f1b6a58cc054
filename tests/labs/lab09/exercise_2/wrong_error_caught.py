# cell: exercise_2_repair
# says: catches the error and ends with 0
# fails: exercise_2_repair_test
# hidden: exercise_2_repair_test
def repair_health(text):
    old = '["CMD", "curl", "-f", "http://localhost:8080/health"]'
    return text.replace(old, """
        - CMD
        - python
        - -c
        - |
          import urllib.request
          try:
              urllib.request.urlopen("http://127.0.0.1:8080/health")
          except Exception:
              print("unhealthy")""")
