# cell: exercise_4_report
from workbook.bench.metrics import percentile


def load_report(records, scenario):
    whole = [r for r in records if r["status"] == "ok"]
    ttft = [r["first"] - r["due"] for r in whole]
    tpot = [(r["last"] - r["first"]) / (r["output_tokens"] - 1) for r in whole]
    pairs = zip(ttft, tpot, strict=True)
    good = sum(a <= scenario["ttft_s"] and b <= scenario["tpot_s"] for a, b in pairs)
    seconds = max(r["end"] for r in records) - min(r["due"] for r in records)
    enough = len(whole) >= 59
    return {
        "kind": "load",
        "requests": len(records),
        "failed": len(records) - len(whole),
        "seconds": seconds,
        "tokens_per_second": sum(r["output_tokens"] for r in whole) / seconds,
        "ttft_p95_ms": 1000 * percentile(ttft, 0.95) if enough else None,
        "tpot_p95_ms": 1000 * percentile(tpot, 0.95) if enough else None,
        "good_share": good / len(records),
        "meets": good / len(records) >= scenario["good_share"],
    }
