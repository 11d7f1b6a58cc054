# cell: exercise_3_report
from collections import Counter


def evaluation_report(run, answers, required):
    asked = Counter(a["family"] for a in answers)
    good = Counter(a["family"] for a in answers if a["right"])
    n, k, z = len(answers), sum(good.values()), 1.96
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (k * (n - k) / n + z * z / 4) ** 0.5
    return {
        "kind": "evaluation",
        "model": run["model"],
        "runtime": run["runtime"],
        "artifact": run["artifact"],
        "questions": n,
        "right": k,
        "accuracy": k / n,
        "interval": (middle - half, middle + half),
        "families": {f: {"questions": asked[f], "right": good[f]} for f in asked},
        "meets": middle - half >= required,
    }
