"""Prints ours beside the peers from the files that bench/run left in a folder, and the figures that the project aims at."""
import json
import pathlib
import platform
import sys

# Names that differ between our benchmark and the peer's; the others are equal.
REALISM = {"BM_RealismCanny": "canny", "BM_RealismGlcm": "glcm", "BM_RealismLaplacian": "laplacian",
           "BM_RealismSpectrum": "spectrum", "BM_RealismAll": "all"}
TO_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


def load(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def ours(folder, name):
    """Benchmark name -> (processor milliseconds, bytes a second or None), the median of the repetitions."""
    rows = {}
    for row in (load(folder / f"{name}_bench.json") or {"benchmarks": []})["benchmarks"]:
        if row.get("aggregate_name") == "median" and "error_occurred" not in row:
            key = row["run_name"].split("/min_time")[0].split("/iterations")[0].replace("/real_time", "")
            rows[key] = (row["cpu_time"] * TO_MS[row["time_unit"]], row.get("bytes_per_second"), row.get("label", ""))
    return rows


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def compare(title, rows, peer, rename=None):
    if not rows:
        return
    peer_times = (peer or {}).get("median_cpu_ms") or (peer or {}).get("median_ms") or {}
    versions = ", ".join(f"{key} {value}" for key, value in (peer or {}).get("versions", {}).items())
    print(f"\n{title}" + (f" (peer: {peer['peer']}; {versions})" if peer else ""))
    print(f"  {'':<50}{'ours ms':>12}{'peer ms':>12}{'peer/ours':>11}{'GB/s':>8}")
    for name, (milliseconds, rate, label) in rows.items():
        other = peer_times.get((rename or {}).get(name, name))
        cells = f"{other:>12.3f}{other / milliseconds:>10.1f}x" if other else f"{'':>23}"
        shown = f"{name} {label}".strip() if len(label) < 20 else name  # a label may be a whole hash
        print(f"  {shown:<50}{milliseconds:>12.4f}{cells}" + (f"{rate / 1e9:>8.1f}" if rate else ""))


def command_line(figures):
    features, hashes, inspect = figures["add_with_features"], figures["add_hashes_only"], figures["inspect"]
    print("\nCommand line, whole processes, pictures of 1152×864")
    rows = [
        ("library add, per second and core", f"{features['per_second_per_core']:.1f}", "15"),
        ("  all cores, wall time", f"{features['per_second']:.1f}", ""),
        ("library add --hashes-only, per second and core", f"{hashes['per_second_per_core']:.1f}", "150"),
        ("  all cores, wall time", f"{hashes['per_second']:.1f}", ""),
        (f"inspect 12 MP against {inspect['library_pictures']}, a copy, after start, s", f"{inspect['copy_after_start_s']:.2f}", "0.50"),
        ("  a stranger, after start, s", f"{inspect['stranger_after_start_s']:.2f}", "0.50"),
        ("  whole process, a copy: wall, processor s", f"{inspect['copy_wall_s']:.2f}, {inspect['copy_cpu_s']:.2f}", ""),
        ("  whole process, a stranger: wall, processor s", f"{inspect['stranger_wall_s']:.2f}, {inspect['stranger_cpu_s']:.2f}", ""),
        ("  peak memory, MB", f"{inspect['peak_bytes'] / 1e6:.0f}", "400"),
    ]
    print(f"  {'':<58}{'ours':>12}{'aim':>8}")
    for name, value, aim in rows:
        print(f"  {name:<58}{value:>12}{aim:>8}")


def main():
    folder = pathlib.Path(sys.argv[1])
    print(f"{processor()}, one thread unless said otherwise; processor time, median of the repetitions")
    compare("PDQ", ours(folder, "pdq"), load(folder / "pdq_peer.json"))
    compare("Realism measures, 512×512", ours(folder, "realism"), load(folder / "realism_peer.json"), REALISM)
    compare("Local features", ours(folder, "features"), load(folder / "sift_peer.json"))
    compare("Search over 10 million 256-bit hashes", ours(folder, "hamming"), None)
    compare("Store", ours(folder, "store"), None)
    figures = load(folder / "cli.json")
    if figures:
        command_line(figures)


if __name__ == "__main__":
    main()
