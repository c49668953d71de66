#!/usr/bin/env python3
"""Makes tests/golden/authenticity_metrics_expected.json: what scikit-learn and SciPy say about scores and maps that the test makes
anew from a small generator. Pixel measures are worked out here from their published definitions.

    pip install numpy scipy scikit-learn
    tests/golden/make_authenticity_metrics.py
"""
import json
import pathlib

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter
from scipy.stats import beta
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, jaccard_score, roc_auc_score, roc_curve

OUT = pathlib.Path(__file__).resolve().parent / "authenticity_metrics_expected.json"


class Lcg:
    """x -> x * 1664525 + 1013904223 mod 2^32, the upper 16 bits; the same in the test."""

    def __init__(self, seed: int):
        self.x = seed

    def below(self, n: int) -> int:
        self.x = (self.x * 1664525 + 1013904223) % 2**32
        return (self.x >> 16) % n


def image_case(seed: int, count: int, levels: int, lift: int) -> dict:
    """`levels` makes ties; positives score `lift` levels higher."""
    lcg = Lcg(seed)
    labels, scores = [], []
    for _ in range(count):
        positive = lcg.below(3) == 0
        labels.append(int(positive))
        scores.append(min(levels - 1, lcg.below(levels) + (lift if positive else 0)) / levels)
    y, p = np.array(labels), np.array(scores)
    fpr, tpr, _ = roc_curve(y, p, drop_intermediate=False)
    bins = np.minimum((p * 10).astype(int), 9)
    ece = sum(abs(p[bins == b].sum() - y[bins == b].sum()) for b in range(10)) / count
    return {
        "seed": seed, "count": count, "levels": levels, "lift": lift,
        "auc": roc_auc_score(y, p), "accuracy": accuracy_score(y, p > 0.5), "f1": f1_score(y, p > 0.5),
        "balanced_accuracy": balanced_accuracy_score(y, p > 0.5),
        "tpr_at_1": float(tpr[fpr <= 0.01].max()), "tpr_at_5": float(tpr[fpr <= 0.05].max()), "ece": float(ece),
        "roc_points": len(fpr),
    }


def pixel_case(seed: int, width: int, height: int, box: tuple, levels: int) -> dict:
    """A box is changed; the map is noise of `levels` levels, lifted inside the box and a little around it."""
    lcg = Lcg(seed)
    x0, y0, x1, y1 = box
    gt = np.zeros((height, width), bool)
    gt[y0:y1, x0:x1] = True
    pred = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            near = x0 - 3 <= x < x1 - 2 and y0 - 3 <= y < y1 - 2
            pred[y, x] = min(levels, lcg.below(levels) + (levels // 3 if near else 0)) / levels
    eps = 1e-8

    def f1(tp, fp, fn):
        precision, recall = tp / (tp + fp + eps), tp / (tp + fn + eps)
        return 2 * precision * recall / (precision + recall + eps)

    called = pred > 0.5
    tp, fp = float((called & gt).sum()), float((called & ~gt).sum())
    fn, tn = float((~called & gt).sum()), float((~called & ~gt).sum())
    inverted = (1 - pred) > 0.5
    out = {
        "seed": seed, "width": width, "height": height, "box": list(box), "levels": levels,
        "f1": f1(tp, fp, fn), "reverse_f1": f1(fn, tn, tp),
        "iou": float((called & gt).sum()) / (float((called | gt).sum()) + eps),
        "reverse_iou": float((inverted & gt).sum()) / (float((inverted | gt).sum()) + eps),
        "auc": roc_auc_score(gt.ravel(), pred.ravel()),
        "reverse_auc": roc_auc_score(gt.ravel(), 1 - pred.ravel()),
        "sklearn_f1": f1_score(gt.ravel(), called.ravel()), "sklearn_iou": jaccard_score(gt.ravel(), called.ravel()),
    }
    sure1 = minimum_filter(gt, 15)
    sure0 = ~maximum_filter(gt, 11)
    if sure1.any() and sure0.any():
        keep = sure0 | sure1
        y, p = sure1[keep], pred[keep]

        def both(th):
            c = p > th
            return max(f1_score(y, c, zero_division=0), f1_score(y, ~c, zero_division=0))

        out["trufor_f1"] = both(0.5)
        out["trufor_best_f1"] = max(both(th) for th in np.unique(p))
    return out


def main() -> None:
    images = [image_case(1, 400, 1000, 300), image_case(2, 300, 10, 3), image_case(3, 50, 4, 1), image_case(4, 1000, 50, 0)]
    pixels = [pixel_case(5, 64, 48, (10, 8, 40, 36), 200), pixel_case(6, 61, 70, (0, 0, 33, 20), 10),
              pixel_case(7, 40, 40, (5, 5, 12, 12), 100), pixel_case(8, 50, 50, (20, 0, 50, 50), 2)]
    intervals = []
    for k, n in [(0, 10), (1, 20), (5, 100), (20, 20), (37, 1234), (3, 5000)]:
        intervals.append({"k": k, "n": n, "low": 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1)),
                          "high": 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))})
    OUT.write_text(json.dumps({"images": images, "pixels": pixels, "intervals": intervals}, indent=1) + "\n")
    print(OUT)


main()
