#!/usr/bin/env python3
"""Times the reference implementation of PDQ (its Python binding, pdqhash) on the pictures that pdq_bench wrote, and
prints one JSON object. Run pdq_bench first; needs pdqhash, pillow and numpy.

    bench/peers/pdq_peer.py [FOLDER] [REPEATS]

FOLDER is KANTEI_BENCH_DIR, or kantei-bench in the folder for temporary files. "decoded" times pdqhash.compute on an RGB
array; "file" times opening and decoding with Pillow as well. Names equal those of pdq_bench; times are medians.
"""
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np
import pdqhash
import PIL
from PIL import Image


def decode(path):
    return np.ascontiguousarray(np.asarray(Image.open(path).convert("RGB")))


def hexadecimal(bits):
    return f"{int(''.join(str(int(bit)) for bit in bits), 2):064x}"


def milliseconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main():
    default = os.environ.get("KANTEI_BENCH_DIR") or pathlib.Path(tempfile.gettempdir()) / "kantei-bench"
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default)
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    times, hashes = {}, {}
    for size in ("512x512", "1024x768", "4000x3000"):
        pixels = decode(folder / f"pdq_{size}.jpg")
        name = f"pdq/decoded/{size}"
        hashes[name] = hexadecimal(pdqhash.compute(pixels)[0])
        times[name] = milliseconds(lambda: pdqhash.compute(pixels), repeats)
    for size in ("4000x3000", "1152x864"):
        path = folder / f"pdq_{size}.jpg"
        name = f"pdq/file/{size}.jpg"
        hashes[name] = hexadecimal(pdqhash.compute(decode(path))[0])
        times[name] = milliseconds(lambda: pdqhash.compute(decode(path)), repeats)
    print(json.dumps({
        "peer": "pdqhash (binding of the reference implementation)",
        "versions": {"pdqhash": pdqhash.__version__, "pillow": PIL.__version__, "numpy": np.__version__},
        "repeats": repeats,
        "median_ms": {name: round(value, 4) for name, value in times.items()},
        "hashes": hashes,
    }))


if __name__ == "__main__":
    main()
