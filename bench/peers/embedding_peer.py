#!/usr/bin/env python3
"""Times ONNX Runtime and PIL + torch on the networks and pictures that embedding_bench wrote, and prints one JSON object. Run
embedding_bench first; needs torch, onnx, onnxruntime, safetensors, pillow and numpy.

    bench/peers/embedding_peer.py [FOLDER] [REPEATS]

FOLDER is KANTEI_BENCH_DIR, or kantei-bench in the folder for temporary files; KANTEI_BENCH_JPEGS as for embedding_bench. One
thread. "network" is the exported graph (backbone, GeM, linear layer, unit length) in ONNX Runtime, float32, at 224 px;
"pipeline" opens files with Pillow, resizes with its bilinear filter (anti-aliased), and runs torch in batches of 16, in float32
and bfloat16; "shipped" is Kantei's own network at its own side. Times are
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

try:
    import numpy as np
    import onnxruntime
    import PIL
    import torch
    from PIL import Image
    from safetensors import safe_open
    from torch import nn
except ImportError as missing:
    # bench/run starts every peer, and its environment has not all that this one needs.
    print(json.dumps({"peer": "ONNX Runtime (network), PIL + torch (pipeline)", "missing": str(missing)}))
    sys.exit(0)

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
    def __init__(self, widths=(48, 96, 192), depths=(1, 2, 3)):
        super().__init__()
        first = widths[0]
        self.stem = nn.Sequential(nn.Conv2d(3, first // 2, 3, 2, 1, bias=False), nn.BatchNorm2d(first // 2), nn.ReLU(),
                                  nn.Conv2d(first // 2, first, 3, 2, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        self.stages, inputs = len(widths), first
        for stage, (width, depth) in enumerate(zip(widths, depths), 1):
            blocks = []
            for block in range(depth):
                blocks.append(Basic(inputs, width, 2 if stage > 1 and block == 0 else 1))
                inputs = width
            setattr(self, f"stage{stage}", nn.Sequential(*blocks))
        self.expand = nn.Sequential(nn.Conv2d(inputs, 512, 1, bias=False), nn.BatchNorm2d(512), nn.ReLU())

    def forward(self, x):
        x = self.stem(x)
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"stage{stage}")(x)
        return self.expand(x)


def resnet50():
    import torchvision
    net = torchvision.models.resnet50(weights=None)
    return nn.Sequential(*list(net.children())[:-2]), net


class Network(nn.Module):
    def __init__(self, architecture, tensors, metadata):
        super().__init__()
        tensors = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
        named = {name[9:]: value for name, value in tensors.items() if name.startswith("backbone.")}
        if architecture != "resnet50":
            lists = [[int(number) for number in metadata[key].split(",")] for key in ("kantei.widths", "kantei.depths")
                     if key in metadata]
            self.backbone = Compact(*lists)
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


def read(path):
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def load(path, side):
    pixels = np.asarray(Image.open(path).convert("RGB").resize((side, side), Image.BILINEAR))
    return (torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255 - MEAN) / STD


@torch.inference_mode()
def pipeline(network, files, side, bfloat16):
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        for begin in range(0, len(files), BATCH):
            x = torch.stack([load(path, side) for path in files[begin:begin + BATCH]])
            network(x.contiguous(memory_format=torch.channels_last)).float().numpy()


def main():
    torch.set_num_threads(1)
    default = os.environ.get("KANTEI_BENCH_DIR") or pathlib.Path(tempfile.gettempdir()) / "kantei-bench"
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default)
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    files = jpegs(folder)
    times, cosines = {}, {}
    for architecture in ("compact", "resnet50", "shipped"):
        tensors, metadata = read(folder / f"embedding_{architecture}.safetensors")
        network = Network(architecture, tensors, metadata)
        side = int(metadata["kantei.side"]) if architecture == "shipped" else SIDE
        if architecture != "shipped":
            ort = session(network, folder, architecture)
            for batch in (1, BATCH):
                x = np.random.default_rng(1).uniform(-2, 2, (batch, 3, SIDE, SIDE)).astype(np.float32)
                times[f"embedding/network/{architecture}/float32/batch{batch}"] = best(
                    lambda: ort.run(None, {"x": x}), repeats)
            with torch.inference_mode():
                cosines[architecture] = float(
                    (network(torch.from_numpy(x)).numpy() * ort.run(None, {"x": x})[0]).sum(1).min())
        network = network.to(memory_format=torch.channels_last)
        for kind in ("float32", "bfloat16"):
            seconds = best(lambda: pipeline(network, files, side, kind == "bfloat16"), max(1, repeats // 2))
            times[f"embedding/pipeline/{architecture}/{kind}"] = {
                **seconds, "images_per_cpu_second": 1e3 * len(files) / seconds["cpu_ms"]}
    print(json.dumps({
        "peer": "ONNX Runtime (network), PIL + torch (pipeline)",
        "versions": {"onnxruntime": onnxruntime.__version__, "torch": torch.__version__, "pillow": PIL.__version__},
        "pictures": len(files), "times": times, "cosine": cosines}, indent=1))


if __name__ == "__main__":
    main()
