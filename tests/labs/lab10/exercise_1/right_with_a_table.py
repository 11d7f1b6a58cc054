# cell: exercise_1_decide
def decide(scenario, machines, candidates):
    rejected, left = {}, {}
    for m in machines:
        for c in candidates:
            reasons = {
                "privacy": scenario["in_house"] and not m["in_house"],
                "budget": m["price"] > scenario["price"],
                "memory": memory_gib(c, scenario) > scenario["memory_gib"],  # noqa: F821
                "latency": tpot_ms(c, m, scenario) > scenario["tpot_ms"],  # noqa: F821
            }
            name = m["name"] + ", " + c["artifact"]
            for reason in ("privacy", "budget", "memory", "latency"):
                if reasons[reason]:
                    rejected[name] = reason
                    break
            else:
                left[name] = (c["bits"], -m["price"])
    return {"choice": max(left, key=left.get) if left else None, "rejected": rejected}
