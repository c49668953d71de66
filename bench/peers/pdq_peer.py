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
    """Medians of wall and of processor time; the second holds on a busy machine too (Google Benchmark's cpu_time)."""
    wall, processor = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        function()
        wall.append((time.perf_counter() - start) * 1e3)
        processor.append((time.process_time() - start_cpu) * 1e3)
    return statistics.median(wall), statistics.median(processor)


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
        "median_ms": {name: round(wall, 4) for name, (wall, _) in times.items()},
        "median_cpu_ms": {name: round(processor, 4) for name, (_, processor) in times.items()},
        "hashes": hashes,
    }))


if __name__ == "__main__":
    main()
