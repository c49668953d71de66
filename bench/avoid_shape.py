#!/usr/bin/env python3
"""All ways of avoiding a shape over a list of prompts: how far the second pictures are from the first ones, and what they cost.

    avoid_shape.py KANTEI PROMPTS WORK [--seeds N] [--modes A,B] [--strengths 1,2] [-- OPTIONS OF kantei generate]

PROMPTS is a text file, one prompt a line. Pictures, masks and records go to WORK/MODE-STRENGTH/PROMPT/SEED.png; what an earlier run has
finished is kept, and its seconds are then not counted. Prints a Markdown table, and writes WORK/pairs.csv, one pair a line. The model is
read once a prompt and mode. Example:

    bench/avoid_shape.py build/release/bin/kantei prompts.txt /tmp/avoid --seeds 4 -- --model runs/unet/model --steps 30
"""
import argparse
import csv
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

MODES = ["altered-mask", "inverted-mask", "negative-control", "reseeded-region", "reject"]
COLUMNS = ["mode", "strength", "prompt", "seed", "mask_found_by", "mask_area", "mask_after_found_by", "ssim", "mask_iou",
           "similarity", "limits_met", "tried", "passes_first", "passes", "seconds"]


def run_prompt(arguments, mode, strength, prompt):
    """Rows of one prompt's pairs."""
    folder = pathlib.Path(arguments.work) / f"{mode}-{strength:g}" / re.sub(r"\W+", "-", prompt)[:60]
    command = [arguments.kantei, "generate", prompt, "--out", str(folder) + "/", "--seed", str(arguments.seed), "--count",
               str(arguments.seeds), "--avoid-shape", mode, "--avoid-strength", f"{strength:g}", "--json", *arguments.options]
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    kept = re.search(r"(\d+) pictures were made before", done.stderr)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    share = "" if kept else round(seconds / len(records), 3)
    rows = []
    for record in records:
        claim = record["claim"]
        avoided = claim["avoid_shape"]
        between = avoided["between"]
        rows.append([mode, strength, prompt, claim["seed"], avoided["mask"]["found_by"], avoided["mask"]["area"],
                     avoided["mask_after"]["found_by"], between["ssim"], between.get("mask_iou", ""),
                     between.get("similarity", between["ssim"]), avoided["limits_met"], avoided["tried"],
                     avoided["network_passes"]["first"], avoided["network_passes"]["all"], share])
    return rows


def main():
    own, options = sys.argv[1:], []
    if "--" in own:
        options = own[own.index("--") + 1:]
        own = own[:own.index("--")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kantei")
    parser.add_argument("prompts")
    parser.add_argument("work")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--strengths", default="1")
    arguments = parser.parse_args(own)
    arguments.options = options
    prompts = [line.strip() for line in pathlib.Path(arguments.prompts).read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = []
    print("| mode | strength | pairs | SSIM | masks' IoU | similarity | within limits | passes / first | seconds a pair |")
    print("|---|---|---|---|---|---|---|---|---|")
    for mode in arguments.modes.split(","):
        # A strength says nothing to pictures that are only rejected.
        for strength in [1.0] if mode == "reject" else [float(s) for s in arguments.strengths.split(",")]:
            of_mode = [row for prompt in prompts for row in run_prompt(arguments, mode, strength, prompt)]
            rows += of_mode

            def mean(name):
                values = [row[COLUMNS.index(name)] for row in of_mode if row[COLUMNS.index(name)] != ""]
                return statistics.mean(values) if values else float("nan")

            print(f"| {mode} | {strength:g} | {len(of_mode)} | {mean('ssim'):.3f} | {mean('mask_iou'):.3f} | "
                  f"{mean('similarity'):.3f} | {100 * mean('limits_met'):.0f} % | {mean('passes') / mean('passes_first'):.2f} | "
                  f"{mean('seconds'):.1f} |", flush=True)
    with open(pathlib.Path(arguments.work) / "pairs.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
