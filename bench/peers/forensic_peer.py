#!/usr/bin/env python3
"""The shipped forensic network in PyTorch, run eagerly on one thread on the picture that forensic_bench makes; prints one JSON
object. Needs torch, numpy and safetensors.

    bench/peers/forensic_peer.py [MODEL] [REPEATS]

MODEL is models/forensic.safetensors by default. Times are processor time, best of REPEATS, in milliseconds. Where forensic_bench
has left its map in KANTEI_BENCH_DIR, the greatest difference of logits from it is given.
"""
import json
import os
import pathlib
import sys
import tempfile
import time

MODEL = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "models" / "forensic.safetensors"
REPEATS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from safetensors import safe_open
except ImportError as missing:
    print(json.dumps({"peer": "PyTorch eager (forensic network)", "missing": str(missing)}))
    sys.exit(0)


class Network:
    def __init__(self, path, memory_format):
        with safe_open(str(path), "pt") as file:
            self.facts = file.metadata()
            self.tensors = {name: file.get_tensor(name).float() for name in file.keys()}
        for name, tensor in self.tensors.items():
            if tensor.dim() == 4:
                self.tensors[name] = tensor.contiguous(memory_format=memory_format)
        self.memory_format = memory_format
        self.depths = [int(depth) for depth in self.facts["kantei.depths"].split(",")]

    def conv(self, x, name):
        return F.conv2d(x, self.tensors[f"{name}.weight"], self.tensors.get(f"{name}.bias"))

    def norm_conv(self, x, name, stride=1, residual=None):
        t = self.tensors
        y = F.conv2d(x, t[f"{name}.conv.weight"], stride=stride, padding=1)
        y = F.batch_norm(y, t[f"{name}.norm.running_mean"], t[f"{name}.norm.running_var"], t[f"{name}.norm.weight"], t[f"{name}.norm.bias"])
        return F.relu(y if residual is None else y + residual)

    def contrast(self, features):
        f = self.conv(features, "contrast")
        mean = f.mean((2, 3), keepdim=True)
        distance = (f - mean) * ((f - mean).square().mean((2, 3), keepdim=True) + 0.01).rsqrt()
        return self.conv(torch.cat([distance, distance.abs()], 1), "contrast_lateral")

    def maps(self, pixels):
        x = pixels / 255 - 0.5
        residual = ((x - F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)) * 16).clamp(-1, 1)
        x = F.pixel_unshuffle(torch.cat([x, residual], 1), 2).contiguous(memory_format=self.memory_format)
        x = self.norm_conv(x, "stem")
        levels = []
        for stage, depth in enumerate(self.depths, 1):
            x = self.norm_conv(x, f"stage{stage}_down", 2)
            for block in range(1, depth + 1):
                name = f"stage{stage}_block{block}"
                x = self.norm_conv(self.norm_conv(x, f"{name}_first"), f"{name}_second", residual=x)
            levels.append(x)
        total = self.conv(levels[3], "stage4_lateral")
        for stage in (2, 1, 0):
            total = F.interpolate(total, scale_factor=2, mode="bilinear", align_corners=False)
            total = total + self.conv(levels[stage], f"stage{stage + 1}_lateral")
            if stage == 1 and "contrast.weight" in self.tensors:
                total = total + self.contrast(levels[1])
        return self.conv(self.norm_conv(total, "merge"), "head")


def picture():
    x, y = np.meshgrid(np.arange(3 * 1024, dtype=np.int64), np.arange(1024, dtype=np.int64))
    values = ((x * 37 + y * 101 + (x * y) % 251) % 256).astype(np.float32)
    return torch.from_numpy(values.reshape(1, 1024, 1024, 3)).permute(0, 3, 1, 2).contiguous()


def main():
    torch.set_num_threads(1)
    report = {"peer": "PyTorch eager (forensic network)", "versions": {"torch": torch.__version__}, "median_cpu_ms": {}}
    pixels = picture()
    with torch.inference_mode():
        for name, layout in (("contiguous", torch.contiguous_format), ("channels-last", torch.channels_last)):
            network = Network(MODEL, layout)
            times = []
            for _ in range(REPEATS):
                start = time.process_time()
                maps = network.maps(pixels)
                times.append(1e3 * (time.process_time() - start))
            report["median_cpu_ms"][f"network/float32 {name}"] = round(min(times), 1)
    left = pathlib.Path(os.environ.get("KANTEI_BENCH_DIR", pathlib.Path(tempfile.gettempdir()) / "kantei-bench")) / "forensic_mask.bin"
    if left.exists():
        ours = np.fromfile(left, np.float32).reshape(256, 256)
        report["greatest_difference"] = float(np.abs(ours - maps[0, 0].numpy()).max())
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
