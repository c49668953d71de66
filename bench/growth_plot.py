#!/usr/bin/env python3
"""Draws the growth of the vector index: build time, memory and latency over the number of rows, from vector_index_trial's JSON
(--growth). Needs matplotlib.

    bench/growth_plot.py REPORT.json OUT.png
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (after the choice of backend)

NAMES = {"flat-int8": ("exact, int8", "o", "#1b6ca8"), "flat-float16": ("exact, float16", "s", "#8a8d91"),
         "hnsw": ("graph, int8", "^", "#c8553d")}
PANELS = (("build_s", "build, s of two threads"), ("memory_mb", "memory, MB"),
          ("latency_p50_ms_one_thread", "median query, ms of one thread"))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    figure, axes = plt.subplots(1, len(PANELS), figsize=(10.5, 3.2), layout="constrained")
    for axis, (field, title) in zip(axes, PANELS):
        for backend, (name, marker, colour) in NAMES.items():
            rows = [row for row in report["growth"] if row["backend"] == backend and row[field] > 0]
            axis.plot([row["rows"] for row in rows], [row[field] for row in rows], marker=marker, color=colour, label=name)
        axis.set(xscale="log", yscale="log", xlabel="descriptors", title=title)
        axis.grid(True, which="major", color="#e3e3e3")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(sys.argv[2], dpi=110)


if __name__ == "__main__":
    main()
