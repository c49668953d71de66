#!/usr/bin/env python3
"""Times OpenCV's SIFT and its brute-force matcher, on one thread, on the picture that features_bench wrote, and prints one
JSON object. Run features_bench first; needs opencv-python-headless and numpy.

    bench/peers/sift_peer.py [FOLDER] [REPEATS]

FOLDER is KANTEI_BENCH_DIR, or kantei-bench in the folder for temporary files. Names equal those of features_bench; times
are medians and contain the conversion to grey and the resize, as ours do. OpenCV enlarges the working picture twice.
"""
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import cv2
import numpy as np


def milliseconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1e3)
    return round(statistics.median(times), 3)


def extract(picture, side):
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    factor = min(1.0, side / max(grey.shape))
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    keypoints, descriptors = cv2.SIFT_create(500).detectAndCompute(grey, None)
    descriptors = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    return keypoints, descriptors.astype(np.float32)


def match(query, known):
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    forth = matcher.knnMatch(query, known, k=2)
    back = {m.queryIdx: m.trainIdx for m in matcher.match(known, query)}
    return [a for a, b in forth if a.distance < 0.8 * b.distance and back[a.trainIdx] == a.queryIdx]


def main():
    default = os.environ.get("KANTEI_BENCH_DIR") or pathlib.Path(tempfile.gettempdir()) / "kantei-bench"
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default)
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    cv2.setNumThreads(1)
    picture = cv2.imread(str(folder / "features_1152x864.jpg"))
    small = cv2.imread(str(folder / "features_300x225.jpg"))
    if picture is None or small is None:
        sys.exit(f"no features_1152x864.jpg or features_300x225.jpg in {folder}: run features_bench first")
    times, counts = {}, {}
    for name, pixels, side in (("features/extract/1152x864/512", picture, 512), ("features/extract/300x225", small, 512)):
        times[name] = milliseconds(lambda: extract(pixels, side), repeats)
        counts[name] = len(extract(pixels, side)[0])
    known = extract(picture, 512)[1]
    query = extract(cv2.resize(picture, (800, 600), interpolation=cv2.INTER_AREA), 512)[1]
    times["features/match/500x500"] = milliseconds(lambda: match(query, known), repeats)
    counts["features/match/500x500"] = len(match(query, known))
    print(json.dumps({
        "peer": "OpenCV SIFT (SIFT_create(500)) and BFMatcher",
        "versions": {"opencv": cv2.__version__, "numpy": np.__version__},
        "repeats": repeats,
        "median_ms": times,
        "counts": counts,
    }))


if __name__ == "__main__":
    main()
