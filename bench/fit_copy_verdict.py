"""Fits the weights of src/kantei/copy/verdict.cc on the rows of a trial, and prints what each threshold costs.

    copy_trial FOLDER WORK --list TRAIN.txt --known 300 --strangers 400 --lookalikes 300 --distractors 2000 \\
               --same bench/caltech101-same-pictures.txt --rows rows.tsv
    python3 bench/fit_copy_verdict.py rows.tsv

Needs NumPy. Logistic regression with a small ridge, copies and others weighted alike. Rows without a match count as unnamed.
"""
import csv
import sys

import numpy as np

LEVELS = ("easy", "medium", "hard", "stranger", "look-alike")


def facts(row):
    return [
        np.log2(1 + max(0, int(row["inliers"]) - 3)),
        float(row["agreement"]),
        np.log2(1 + int(row["blocks"])),
        max(float(row["query_share"]), float(row["known_share"])),
        max(0, 40 - int(row["pdq"])) / 10,
    ]


def fit(x, y, rounds=100):
    mean, deviation = x.mean(0), x.std(0) + 1e-9
    z = np.c_[(x - mean) / deviation, np.ones(len(x))]
    weight = np.where(y == 1, 1.0, y.sum() / max(1.0, (1 - y).sum()))
    ridge = np.r_[np.ones(z.shape[1] - 1), 1e-6]
    w = np.zeros(z.shape[1])
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-z @ w))
        gradient = z.T @ (weight * (p - y)) + ridge * w
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + np.diag(ridge)
        w -= np.linalg.solve(hessian, gradient)
    slopes = w[:-1] / deviation
    return slopes, w[-1] - (slopes * mean).sum()


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    used = [row for row in rows if row["match"]]
    x = np.array([facts(row) for row in used])
    y = np.array([1.0 if row["kind"] == "source" else 0.0 for row in used])
    slopes, intercept = fit(x, y)
    names = ("features", "agreement", "blocks", "share", "hash")
    print(f"copies {int(y.sum())}, others {int((1 - y).sum())}")
    print("intercept %.2f " % intercept + " ".join(f"{n} {s:.2f}" for n, s in zip(names, slopes)))
    score = dict(zip(map(id, used), x @ slopes + intercept))
    for threshold in np.arange(-6.5, 2.1, 0.5):
        shares = []
        for level in LEVELS:
            values = [score.get(id(row), -np.inf) for row in rows if row["level"] == level]
            shares.append(f"{level} {100 * np.mean(np.array(values) >= threshold):.1f}%")
        print(f"threshold {threshold:+.1f}: " + "  ".join(shares))


main()
