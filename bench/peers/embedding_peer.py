#!/usr/bin/env python3
"""Times ONNX Runtime and PIL + torch on the networks and pictures that embedding_bench wrote, and prints one JSON object. Run
embedding_bench first; needs torch, onnx, onnxruntime, safetensors, pillow and numpy.

    bench/peers/embedding_peer.py [FOLDER] [REPEATS]

FOLDER is KANTEI_BENCH_DIR, or kantei-bench in the folder for temporary files; KANTEI_BENCH_JPEGS as for embedding_bench. One
thread. "network" is the exported graph (backbone, GeM, linear layer, unit length) in ONNX Runtime, float32, at 224 px;
"pipeline" opens files with Pillow, resizes with its bilinear filter (anti-aliased), and runs torch in batches of 16. Times are
best of REPEATS, wall and processor. "cosine" compares torch's descriptor of a formula input with ONNX Runtime's.
"""
import json
import os
import pathlib
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import onnxruntime
import PIL
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

SIDE, BATCH, MAX_FILES = 224, 16, 256
MEAN, STD = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


class Basic(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Compact(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
                                  nn.Conv2d(24, 48, 3, 2, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU())
        self.stage1 = nn.Sequential(Basic(48, 48, 1))
        self.stage2 = nn.Sequential(Basic(48, 96, 2), Basic(96, 96, 1))
        self.stage3 = nn.Sequential(Basic(96, 192, 2), Basic(192, 192, 1), Basic(192, 192, 1))
        self.expand = nn.Sequential(nn.Conv2d(192, 512, 1, bias=False), nn.BatchNorm2d(512), nn.ReLU())

    def forward(self, x):
        return self.expand(self.stage3(self.stage2(self.stage1(self.stem(x)))))


def resnet50():
    import torchvision
    net = torchvision.models.resnet50(weights=None)
    return nn.Sequential(*list(net.children())[:-2]), net


class Network(nn.Module):
    def __init__(self, architecture, tensors):
        super().__init__()
        named = {name[9:]: value for name, value in tensors.items() if name.startswith("backbone.")}
        if architecture == "compact":
            self.backbone = Compact()
            self.backbone.load_state_dict(named, strict=False)
        else:
            self.backbone, whole = resnet50()
            whole.load_state_dict(named, strict=False)
        self.head = nn.Linear(tensors["head.weight"].shape[1], tensors["head.weight"].shape[0])
        self.head.load_state_dict({"weight": tensors["head.weight"], "bias": tensors["head.bias"]})
        self.eval()

    def forward(self, x):
        x = self.backbone(x).clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
        return nn.functional.normalize(self.head(x))


def best(function, repeats):
    function()
    wall, processor = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        function()
        wall.append((time.perf_counter() - start) * 1e3)
        processor.append((time.process_time() - start_cpu) * 1e3)
    return {"wall_ms": min(wall), "cpu_ms": min(processor)}


def session(network, folder, architecture):
    path = str(folder / f"embedding_{architecture}.onnx")
    torch.onnx.export(network, torch.zeros(1, 3, SIDE, SIDE), path, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def jpegs(folder):
    stated = os.environ.get("KANTEI_BENCH_JPEGS")
    if stated:
        return sorted(pathlib.Path(stated).rglob("*.jpg"))[:MAX_FILES]
    return sorted(folder.glob("embedding_1*.jpg"))


def load(path):
    pixels = np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR))
    return (torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255 - MEAN) / STD


@torch.inference_mode()
def pipeline(network, files):
    for begin in range(0, len(files), BATCH):
        x = torch.stack([load(path) for path in files[begin:begin + BATCH]])
        network(x.contiguous(memory_format=torch.channels_last)).numpy()


def main():
    torch.set_num_threads(1)
    default = os.environ.get("KANTEI_BENCH_DIR") or pathlib.Path(tempfile.gettempdir()) / "kantei-bench"
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default)
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    files = jpegs(folder)
    times, cosines = {}, {}
    for architecture in ("compact", "resnet50"):
        network = Network(architecture, load_file(folder / f"embedding_{architecture}.safetensors"))
        ort = session(network, folder, architecture)
        for batch in (1, BATCH):
            x = np.random.default_rng(1).uniform(-2, 2, (batch, 3, SIDE, SIDE)).astype(np.float32)
            times[f"embedding/network/{architecture}/float32/batch{batch}"] = best(lambda: ort.run(None, {"x": x}), repeats)
        with torch.inference_mode():
            cosines[architecture] = float((network(torch.from_numpy(x)).numpy() * ort.run(None, {"x": x})[0]).sum(1).min())
        network = network.to(memory_format=torch.channels_last)
        seconds = best(lambda: pipeline(network, files), max(1, repeats // 2))
        times[f"embedding/pipeline/{architecture}/float32"] = {
            **seconds, "images_per_cpu_second": 1e3 * len(files) / seconds["cpu_ms"]}
    print(json.dumps({
        "peer": "ONNX Runtime (network), PIL + torch (pipeline)",
        "versions": {"onnxruntime": onnxruntime.__version__, "torch": torch.__version__, "pillow": PIL.__version__},
        "pictures": len(files), "times": times, "cosine": cosines}, indent=1))


if __name__ == "__main__":
    main()
