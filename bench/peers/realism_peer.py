"""The five realism measures with OpenCV, NumPy and scikit-image, timed on the picture that realism_bench measures.

Needs opencv-python-headless, numpy and scikit-image. Prints one JSON object: the median milliseconds per measure and in
total (wall and processor time), the values and the library versions. The makers of the golden values call measure() below.
"""
import json
import pathlib
import statistics
import sys
import time

import cv2
import numpy as np
import skimage
from skimage.feature import graycomatrix, graycoprops

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"))
import realism_pictures  # noqa: E402


def edges(grey):
    return int(np.count_nonzero(cv2.Canny(grey, 100, 200)))


def glcm(grey):
    matrix = graycomatrix(grey, [1], [0], levels=256, symmetric=True, normed=True)
    return float(graycoprops(matrix, "contrast")[0, 0]), float(graycoprops(matrix, "ASM")[0, 0])


def blur(grey):
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def spectrum(grey):
    return float(np.abs(np.fft.fft2(grey)).mean())


def measure(grey):
    contrast, energy = glcm(grey)
    return {"edges": edges(grey), "glcmc": contrast, "glcme": energy, "vbm": blur(grey), "ms": spectrum(grey)}


def milliseconds(function, grey, repeats, clock):
    times = []
    for _ in range(repeats):
        start = clock()
        function(grey)
        times.append((clock() - start) * 1e3)
    return round(statistics.median(times), 4)


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    cv2.setNumThreads(1)
    grey = realism_pictures.make("scene")
    measure(grey)  # warm-up
    parts = {"canny": edges, "glcm": glcm, "laplacian": blur, "spectrum": spectrum, "all": measure}
    print(json.dumps({
        "peer": "opencv+numpy+scikit-image",
        "versions": {"cv2": cv2.__version__, "numpy": np.__version__, "skimage": skimage.__version__},
        "picture": "scene 512x512",
        "repeats": repeats,
        "median_ms": {name: milliseconds(part, grey, repeats, time.perf_counter) for name, part in parts.items()},
        # Of this process alone: the figure to compare when the machine is shared.
        "median_cpu_ms": {name: milliseconds(part, grey, repeats, time.process_time) for name, part in parts.items()},
        "measures": measure(grey),
    }))


if __name__ == "__main__":
    main()
