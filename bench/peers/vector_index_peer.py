#!/usr/bin/env python3
"""faiss on the vectors that vector_index_trial --write FOLDER left: HNSW at a sweep of efforts, exact inner products in float32,
float16 and int8. With --ours REPORT (the trial's JSON) it prints the ratios. Needs faiss-cpu and numpy.

    bench/peers/vector_index_peer.py [FOLDER] [--dimension 256] [--ours REPORT] [--seconds 0.5] [--clock wall|cpu]

FOLDER is KANTEI_BENCH_DIR, or kantei-bench in the folder for temporary files. Without vectors in it, or without faiss, it says
so and measures nothing: bench/run starts every peer. --clock cpu is the trial's: processor time over threads.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

try:
    import faiss
    import numpy as np
except ImportError:
    faiss = None

EFFORTS = (16, 24, 32, 48, 64, 96, 128, 192, 256)


def median_seconds(body, seconds, clock):
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = clock()
        body()
        times.append(clock() - start)
    return statistics.median(times)


def clock_for(name, threads):
    return time.perf_counter if name == "wall" else lambda: time.process_time() / threads


def rate_at(curve, recall):
    """Queries a second at a recall, by linear interpolation along the curve; 0 when it is not reached."""
    before = None
    for point in curve:
        if point["recall_at_1"] >= recall:
            if before is None:
                return point["queries_per_s"]
            share = (recall - before["recall_at_1"]) / (point["recall_at_1"] - before["recall_at_1"])
            return before["queries_per_s"] + share * (point["queries_per_s"] - before["queries_per_s"])
        before = point
    return 0


def flat_rates(index, queries, args):
    report = {}
    for threads in (1, os.cpu_count()):
        faiss.omp_set_num_threads(threads)
        clock = clock_for(args.clock, threads)
        one = median_seconds(lambda: index.search(queries[:1], 10), args.seconds, clock)
        hundred = median_seconds(lambda: index.search(queries[:100], 10), args.seconds, clock)
        report[f"threads_{threads}"] = {
            "single_ms": round(one * 1e3, 3),
            "batch_100_ms": round(hundred * 1e3, 1),
            "batch_over_single": round(100 * one / hundred, 1),
        }
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("KANTEI_BENCH_DIR") or pathlib.Path(tempfile.gettempdir()) / "kantei-bench"
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=pathlib.Path(default))
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--ours", type=pathlib.Path)
    args = parser.parse_args()
    if faiss is None or not (args.folder / "base.f32").exists():
        print("no faiss, or no base.f32: run vector_index_trial --write FOLDER first", file=sys.stderr)
        print(json.dumps({"peer": "faiss-cpu", "skipped": True}))
        return
    base = np.fromfile(args.folder / "base.f32", dtype=np.float32).reshape(-1, args.dimension)
    queries = np.fromfile(args.folder / "queries.f32", dtype=np.float32).reshape(-1, args.dimension)
    truth = np.fromfile(args.folder / "truth.i64", dtype=np.int64)
    report = {
        "peer": f"faiss-cpu {faiss.__version__} ({faiss.get_compile_options().strip()})",
        "rows": len(base),
        "load_average_before": os.getloadavg(),
    }

    metric = faiss.METRIC_INNER_PRODUCT
    quantizer = faiss.ScalarQuantizer
    for name, index in (
        ("flat_float32", faiss.IndexFlatIP(args.dimension)),
        ("flat_float16", faiss.IndexScalarQuantizer(args.dimension, quantizer.QT_fp16, metric)),
        ("flat_int8", faiss.IndexScalarQuantizer(args.dimension, quantizer.QT_8bit, metric)),
    ):
        index.train(base[:100_000])
        index.add(base)
        report[name] = flat_rates(index, queries, args)

    faiss.omp_set_num_threads(os.cpu_count())
    graph = faiss.IndexHNSWFlat(args.dimension, 16, metric)
    graph.hnsw.efConstruction = 200
    clock = clock_for(args.clock, os.cpu_count())
    start = clock()
    graph.add(base)
    report["hnsw"] = {"build_s": round(clock() - start, 1)}
    for threads in (1, os.cpu_count()):
        faiss.omp_set_num_threads(threads)
        curve = []
        for effort in EFFORTS:
            graph.hnsw.efSearch = effort
            found = graph.search(queries, 1)[1][:, 0]
            seconds = median_seconds(lambda: graph.search(queries, 1), args.seconds, clock_for(args.clock, threads))
            curve.append({
                "effort": effort,
                "recall_at_1": round(float(np.mean(found == truth)), 4),
                "queries_per_s": round(len(queries) / seconds),
            })
        report["hnsw"][f"curve_threads_{threads}"] = curve
        report["hnsw"][f"at_recall_0.98_threads_{threads}"] = round(rate_at(curve, 0.98))

    if args.ours:
        ours = json.loads(args.ours.read_text())
        ratios = {}
        for threads in (1, os.cpu_count()):
            part = f"threads_{threads}"
            mine = ours[f"at_recall_0.98_{part}"]
            peer = report["hnsw"][f"at_recall_0.98_{part}"]
            ratios[part] = {"hnsw_over_faiss": round(mine["hnsw_queries_per_s"] / peer, 2) if peer else "faiss does not reach it"}
            if mine.get("hnswlib_queries_per_s"):
                ratios[part]["hnsw_over_hnswlib"] = mine["ratio"]
            for kind in ("int8", "float16"):
                for what in ("single_ms", "batch_100_ms"):
                    peer = report[f"flat_{kind}"][part][what]
                    ratios[part][f"{kind}_{what.removesuffix('_ms')}_over_faiss"] = round(peer / ours[f"flat_{part}"][kind][what], 2)
        report["ratios"] = ratios
    report["load_average_after"] = os.getloadavg()
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
