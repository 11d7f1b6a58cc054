# cell: exercise_4_choose
# says: are looked at in this order
# fails: exercise_4_choose_test
# hidden: exercise_4_choose_test
def choose(candidates, limits, share, memory):
    rejected, best = {}, {}
    for name, one in candidates.items():
        whole = sum(record["status"] == "ok" for record in one["records"])
        rate, good = goodput(one["records"], limits)  # noqa: F821
        if good < share:
            rejected[name] = "limits"
        elif one["peak_bytes"] > memory:
            rejected[name] = "memory"
        elif whole < 59:
            rejected[name] = "sample"
        else:
            best[name] = (rate, -one["peak_bytes"])
    return {"choice": max(best, key=best.get) if best else None, "rejected": rejected}
