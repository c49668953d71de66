"""Figures of the program as its user meets it: adding to a library, and inspecting one photo of 12 megapixels against it.

    cli_figures.py KANTEI SAMPLES WORK COUNT

Makes COUNT pictures of one megapixel from the known samples (kept in WORK for the next run), and prints one JSON object.
Needs Pillow. Wall time and peak memory are those of the whole process, start included.
"""
import concurrent.futures
import functools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

from PIL import Image, ImageEnhance, ImageOps

WIDTH, HEIGHT = 1152, 864
ADD_WITH_FEATURES, ADD_HASHES = 300, 1500


@functools.lru_cache(maxsize=None)
def load_source(path):
    picture = Image.open(path)
    picture.draft("RGB", (WIDTH * 2, HEIGHT * 2))
    return picture.convert("RGB")


def make_one(job):
    """A random part of a known photo, at least a third of its sides, perhaps mirrored and toned: no two are alike."""
    source, target, seed = job
    if target.exists():
        return
    chance = random.Random(seed)
    picture = load_source(source)
    side = chance.uniform(0.35, 0.9)
    width, height = int(picture.width * side), int(picture.height * side)
    left, top = chance.randint(0, picture.width - width), chance.randint(0, picture.height - height)
    picture = picture.resize((WIDTH, HEIGHT), Image.BICUBIC, (left, top, left + width, top + height))
    if chance.random() < 0.5:
        picture = ImageOps.mirror(picture)
    picture = ImageEnhance.Color(picture).enhance(chance.uniform(0.3, 1.6))
    picture = ImageEnhance.Brightness(picture).enhance(chance.uniform(0.7, 1.3))
    temporary = target.with_suffix(".part")
    picture.save(temporary, "JPEG", quality=85)
    temporary.rename(target)


def make_pictures(samples, folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted(samples.glob("known/*.jpg"), key=lambda path: path.name)
    large = [path for path in sources if path.stat().st_size > 400_000]
    jobs = [(large[i % len(large)], folder / f"{i // 1000:02d}" / f"{i:05d}.jpg", i) for i in range(count)]
    for _, target, _ in jobs[::1000]:
        target.parent.mkdir(exist_ok=True)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        list(pool.map(make_one, jobs, chunksize=32))
    return [target for _, target, _ in jobs]


def run(command):
    """Wall seconds and peak resident bytes of one process."""
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return seconds, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def add_rate(kantei, work, files, options):
    library = work / "rate-library"
    shutil.rmtree(library, ignore_errors=True)
    folder = work / "rate-files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in files:
        os.link(file, folder / file.name)
    seconds, memory, cpu = run([kantei, "library", "add", "--quiet", "--library", library, *options, folder])
    shutil.rmtree(folder)
    shutil.rmtree(library)
    # Per core: by the processor time of all threads, so that a busy machine gives the same figure.
    return {"pictures": len(files), "wall_s": seconds, "per_second": len(files) / seconds,
            "per_second_per_core": len(files) / cpu, "peak_bytes": memory}


def main():
    kantei, samples, work, count = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
    files = make_pictures(samples, work / "megapixel", max(count, ADD_HASHES))
    result = {
        "add_with_features": add_rate(kantei, work, files[:ADD_WITH_FEATURES], []),
        "add_hashes_only": add_rate(kantei, work, files[:ADD_HASHES], ["--hashes-only"]),
    }

    library = work / f"library-{count}"
    run([kantei, "library", "add", "--quiet", "--library", library, *sorted({file.parent for file in files[:count]})])
    queries = work / "queries"
    queries.mkdir(exist_ok=True)
    strangers = sorted(samples.glob("strangers/*.jpg"), key=lambda path: -path.stat().st_size)[:4]
    names = []
    for i, source in enumerate([files[7], *strangers]):
        target = queries / f"{i}.jpg"
        Image.open(source).convert("RGB").resize((4000, 3000), Image.LANCZOS).save(target, "JPEG", quality=92)
        names.append(target)
    inspect = [kantei, "inspect", "--quiet", "--json", "--jobs", "1", "--library", library]
    run([*inspect, *names])  # the files of the library into memory
    once = {name: [run([*inspect, path]) for _ in range(3)] for name, path in (("copy", names[0]), ("stranger", names[1]))}
    many = run([*inspect, *names])
    # The same picture once and five times: what is left over is one picture without the start of the process.
    after = {name: min((run([*inspect, *[path] * 5])[0] - min(wall for wall, _, _ in once[name])) / 4 for _ in range(2))
             for name, path in (("copy", names[0]), ("stranger", names[1]))}
    result["inspect"] = {
        "library_pictures": count,
        "copy_wall_s": min(wall for wall, _, _ in once["copy"]),
        "stranger_wall_s": min(wall for wall, _, _ in once["stranger"]),
        "copy_cpu_s": min(cpu for _, _, cpu in once["copy"]),
        "stranger_cpu_s": min(cpu for _, _, cpu in once["stranger"]),
        "copy_after_start_s": after["copy"],
        "stranger_after_start_s": after["stranger"],
        "peak_bytes": max(memory for runs in [*once.values(), [many]] for _, memory, _ in runs),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
