"""Prints what the demo found beside what was expected; exits 1 when they differ.

Usage: check_demo.py REPORT.jsonl < TABLE, the table as in scripts/demo.
"""
import json
import pathlib
import sys


def main() -> int:
    found = {}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            found[pathlib.Path(record["file"]["path"]).name] = record
    wrong = 0
    layout = "{:<17} {:<7} {:<40} {:<11} {:<8} {:<13} {}"
    print(layout.format("suspect", "copy", "of", "similarity", "altered", "made/edited", "as expected"))
    for row in sys.stdin:
        name, _, _, source, altered, expected_band = (field.strip() for field in row.split("|"))
        record = found.get(name)
        if record is None or "checks" not in record:
            print(layout.format(name, "-", "-", "-", "-", "-", "NO: not inspected"))
            wrong += 1
            continue
        copy = record["checks"]["copy"]
        best = copy["matches"][0] if copy["matches"] else None
        named = pathlib.Path(best["path"]).name if best else "-"
        changed = max((region["changed_share"] for region in best["regions"]), default=0) if best else 0
        changed_word = "-" if best is None else "yes" if changed > 0.01 else "no"
        band = record["checks"]["authenticity"]["band"]
        # A copy must be named with strong evidence, and nothing else beside it; a stranger must have no match at all.
        copy_right = (copy["band"] == "strong" and len(copy["matches"]) == 1) if source != "-" else copy["band"] == "none"
        right = named == source and copy_right and changed_word == altered and band == expected_band
        wrong += not right
        similarity = f"{best['similarity']:.2f}" if best else "-"
        verdict = "yes" if right else f"NO: expected {source}, altered {altered}, {expected_band}"
        print(layout.format(name, copy["band"], named, similarity, changed_word, band, verdict))
    return 1 if wrong else 0


sys.exit(main())
