# cell: exercise_4_choose
# says: Every candidate is out, and choose stopped
# fails: exercise_4_choose_test
# hidden: exercise_4_choose_test
def choose(candidates, limits, share, memory):
    rejected, best = {}, {}
    for name, one in candidates.items():
        whole = sum(record["status"] == "ok" for record in one["records"])
        rate, good = goodput(one["records"], limits)  # noqa: F821
        if whole < 59:
            rejected[name] = "sample"
        elif one["peak_bytes"] > memory:
            rejected[name] = "memory"
        elif good < share:
            rejected[name] = "limits"
        else:
            best[name] = (rate, -one["peak_bytes"])
    return {"choice": max(best, key=best.get), "rejected": rejected}
