#!/usr/bin/env python3
"""AniXplore in PyTorch, run eagerly on the input that manipulation_bench uses, and prints one JSON object. Needs torch and numpy.

    bench/peers/manipulation_peer.py [SIDE] [THREADS] [REPEATS]

The network is written after the paper (arXiv 2504.11015) and what its authors' code does, with Kantei's tensor names and the
weights of src/kantei/nn/anixplore_formula.h. "network" is the forward pass on ready inputs, "all" also makes the frequency
pictures. Times are best of REPEATS, wall and processor, in milliseconds. Where manipulation_bench has left its masks in KANTEI_BENCH_DIR, the
greatest difference from them is given, of logits and of probabilities.
"""
import json
import math
import os
import pathlib
import sys
import tempfile
import time

SIDE = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 512
THREADS = int(sys.argv[2]) if __name__ == "__main__" and len(sys.argv) > 2 else 1
REPEATS = int(sys.argv[3]) if __name__ == "__main__" and len(sys.argv) > 3 else 3
if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(THREADS)

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as missing:
    if __name__ != "__main__":
        raise
    # bench/run starts every peer, and its environment has not all that this one needs.
    print(json.dumps({"peer": "PyTorch eager (AniXplore)", "missing": str(missing)}))
    sys.exit(0)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DB4 = [0.2303778133088964, 0.7148465705529154, 0.6308807679298587, -0.027983769416859854,
       -0.18703481171888114, 0.030841381835986965, 0.032883011666982945, -0.010597401785069032]


# ---- weights and pictures from formulas (src/kantei/nn/formula_network.h)

def uniform(name: str, count: int) -> np.ndarray:
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) & 0xFFFFFFFF
    h = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(16)
    return h / 4294967296.0


def formula(name: str, shape) -> torch.Tensor:
    u = uniform(name, int(np.prod(shape)))
    value = (u - 0.5) * 0.2
    if len(shape) > 1:
        value = (2 * u - 1) * np.sqrt(6.0 / np.prod(shape[1:]))
    if len(shape) == 1 and name.endswith(".weight"):
        value = 0.6 + 0.4 * u
    if name.endswith(".running_var"):
        value = 0.05 + u
    if name.endswith("layer_scale"):
        value = 0.2 + 0.2 * u
    return torch.from_numpy(value.astype(np.float32).reshape(shape))


def fill(module: nn.Module) -> None:
    module.load_state_dict({name: tensor if name.endswith("num_batches_tracked") else formula(name, tuple(tensor.shape))
                            for name, tensor in module.state_dict().items()})


def picture(which: int, side: int) -> np.ndarray:
    y, x, c = np.mgrid[0:side, 0:side, 0:3]
    dx, dy = x - side // 2, y - side // 3
    value = x * 7 + y * 13 + c * 29 + x * y // 8 if which == 0 else (dx * dx + dy * dy) // (5 + c) + 40 * c
    return (value & 255).astype(np.uint8)


def normalised(pixels: np.ndarray, dtype=torch.float32) -> torch.Tensor:
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(dtype) / 255
    mean, std = (torch.tensor(v, dtype=dtype).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (x - mean) / std


# ---- the frequency pictures

def scaled(x: torch.Tensor, epsilon: float) -> torch.Tensor:
    low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
    return (x - low) / (high - low + epsilon)


def dct_matrix(n: int, dtype) -> torch.Tensor:
    k, i = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(n, dtype=torch.float64)[None]
    matrix = math.sqrt(2 / n) * torch.cos(math.pi * k * (2 * i + 1) / (2 * n))
    matrix[0] /= math.sqrt(2)
    return matrix.to(dtype)


def dct_masked(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    down, across = dct_matrix(x.shape[-2], x.dtype), dct_matrix(x.shape[-1], x.dtype)
    return down.T @ ((down @ x @ across.T) * mask) @ across


def high_mask(x: torch.Tensor) -> torch.Tensor:
    mask = torch.ones(x.shape[-2:], dtype=x.dtype)
    mask[:int(0.05 * x.shape[-2]), :int(0.05 * x.shape[-1])] = 0
    return mask


def low_mask(x: torch.Tensor, released: bool) -> torch.Tensor:
    if not released:
        return 1 - high_mask(x)
    mask = torch.ones(x.shape[-2:], dtype=x.dtype)
    mask[-int(0.95 * x.shape[-2]):, -int(0.95 * x.shape[-1]):] = 0
    return mask


def wavelet_high(x: torch.Tensor, released: bool) -> torch.Tensor:
    h = torch.tensor(DB4, dtype=x.dtype)
    g = torch.tensor([(-1) ** n * DB4[7 - n] for n in range(8)], dtype=x.dtype)
    analysis = torch.stack([torch.outer(h, g), torch.outer(g, h), torch.outer(g, g)])[:, None].repeat(3, 1, 1, 1)
    if released:
        return F.conv_transpose2d(F.conv2d(x, analysis, stride=2, padding=3, groups=3), analysis.flip(2, 3), stride=2,
                                  padding=3, groups=3)
    return F.conv_transpose2d(F.conv2d(x, analysis, stride=2, padding=6, groups=3), analysis, stride=2, padding=6,
                              groups=3)


def inputs(x: torch.Tensor, released: bool = True):
    epsilon = 0 if released else 1e-8
    high = 0.5 * scaled(dct_masked(x, high_mask(x)), epsilon) + 0.5 * scaled(wavelet_high(x, released), 1e-8)
    low = scaled(dct_masked(x, low_mask(x, released)), epsilon)
    return torch.cat([x, high], 1), torch.cat([x, low], 1)


# ---- the network

class Norm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNextBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.layer_scale = nn.Parameter(torch.ones(c, 1, 1))
        self.block = nn.ModuleDict({"0": nn.Conv2d(c, c, 7, 1, 3, groups=c), "2": nn.LayerNorm(c, 1e-6),
                                    "3": nn.Linear(c, 4 * c), "5": nn.Linear(4 * c, c)})

    def forward(self, x):
        y = self.block["2"](self.block["0"](x).permute(0, 2, 3, 1))
        y = self.block["5"](F.gelu(self.block["3"](y))).permute(0, 3, 1, 2)
        return x + self.layer_scale * y


class Texture(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Sequential(nn.Conv2d(6, 96, 4, 4, bias=False), Norm2d(96, 1e-6)))
        before = 96
        for c, depth in ((96, 3), (192, 3), (384, 9)):
            if c != before:
                self.features.append(nn.Sequential(Norm2d(before, 1e-6), nn.Conv2d(before, c, 2, 2)))
            self.features.append(nn.Sequential(*(ConvNextBlock(c) for _ in range(depth))))
            before = c

    def stage(self, i, x):
        return self.features[2 * i + 1](self.features[2 * i](x))


class SelfAttention(nn.Module):
    def __init__(self, c, heads, reduction):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(c, c), nn.Linear(c, c), nn.Linear(c, c)
        self.sr = nn.Conv2d(c, c, reduction, reduction)
        self.layer_norm = nn.LayerNorm(c, 1e-5)

    def forward(self, x, h, w):
        n, t, c = x.shape
        source = self.sr(x.transpose(1, 2).reshape(n, c, h, w)).flatten(2).transpose(1, 2)
        source = self.layer_norm(source)
        q, k, v = (y.reshape(n, -1, self.heads, c // self.heads).transpose(1, 2)
                   for y in (self.query(x), self.key(source), self.value(source)))
        weights = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(-1)
        return (weights @ v).transpose(1, 2).reshape(n, t, c)


class Attention(nn.Module):
    def __init__(self, c, heads, reduction):
        super().__init__()
        self.self = SelfAttention(c, heads, reduction)
        self.output = nn.ModuleDict({"dense": nn.Linear(c, c)})

    def forward(self, x, h, w):
        return self.output["dense"](self.self(x, h, w))


class MixMlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense1, self.dense2 = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.dwconv = nn.ModuleDict({"dwconv": nn.Conv2d(4 * c, 4 * c, 3, 1, 1, groups=4 * c)})

    def forward(self, x, h, w):
        y = self.dense1(x)
        y = self.dwconv["dwconv"](y.transpose(1, 2).reshape(x.shape[0], -1, h, w)).flatten(2).transpose(1, 2)
        return self.dense2(F.gelu(y))


class MixBlock(nn.Module):
    def __init__(self, c, heads, reduction):
        super().__init__()
        self.layer_norm_1, self.layer_norm_2 = nn.LayerNorm(c, 1e-6), nn.LayerNorm(c, 1e-6)
        self.attention, self.mlp = Attention(c, heads, reduction), MixMlp(c)

    def forward(self, x, h, w):
        x = x + self.attention(self.layer_norm_1(x), h, w)
        return x + self.mlp(self.layer_norm_2(x), h, w)


class Meaning(nn.Module):
    def __init__(self):
        super().__init__()
        embeddings, blocks, norms = [], [], []
        before = 6
        for i, (c, depth, heads, reduction) in enumerate(((64, 3, 1, 8), (128, 4, 2, 4), (320, 18, 5, 2))):
            k, s = (7, 4) if i == 0 else (3, 2)
            embeddings.append(nn.ModuleDict({"proj": nn.Conv2d(before, c, k, s, k // 2, bias=i > 0),
                                             "layer_norm": nn.LayerNorm(c, 1e-5)}))
            blocks.append(nn.ModuleList(MixBlock(c, heads, reduction) for _ in range(depth)))
            norms.append(nn.LayerNorm(c, 1e-6))
            before = c
        self.encoder = nn.ModuleDict({"patch_embeddings": nn.ModuleList(embeddings), "block": nn.ModuleList(blocks),
                                      "layer_norm": nn.ModuleList(norms)})

    def stage(self, i, x):
        embed = self.encoder["patch_embeddings"][i]
        x = embed["proj"](x)
        n, c, h, w = x.shape
        x = embed["layer_norm"](x.flatten(2).transpose(1, 2))
        for block in self.encoder["block"][i]:
            x = block(x, h, w)
        return self.encoder["layer_norm"][i](x).transpose(1, 2).reshape(n, c, h, w)


class AniXplore(nn.Module):
    def __init__(self, released: bool = True):
        super().__init__()
        self.released = released
        self.convnext, self.mit = Texture(), Meaning()
        self.fusion = nn.ModuleList([nn.Conv2d(96 + 64, 96, 1), nn.Conv2d(192 + 128, 192, 1), nn.Conv2d(384 + 320, 384, 1)])

        def output(c):
            return [nn.Conv2d(c, 256, 1, bias=False), Norm2d(256, 1e-6), nn.Conv2d(256, 256, 3, 1, 1, bias=False),
                    Norm2d(256, 1e-6)]
        self.pyramid = nn.ModuleDict({"stages": nn.ModuleList([
            nn.Sequential(nn.ConvTranspose2d(384, 192, 2, 2), Norm2d(192, 1e-6), nn.GELU(), nn.ConvTranspose2d(192, 96, 2, 2),
                          *output(96)),
            nn.Sequential(nn.ConvTranspose2d(384, 192, 2, 2), *output(192)),
            nn.Sequential(*output(384)), nn.Sequential(nn.MaxPool2d(2, 2), *output(384))])})
        self.mask_head = nn.ModuleDict({"linear_fuse": nn.Conv2d(1280, 256, 1), "norm": nn.BatchNorm2d(256),
                                        "linear_predict": nn.Conv2d(256, 1, 1)})
        self.label_head = nn.Linear(384, 1)

    def forward(self, high, low):
        x, y = high, low
        for i in range(3):
            x = self.convnext.stage(i, x)
            y = self.mit.stage(i, y)
            x = self.fusion[i](torch.cat([x, y], 1))
        maps = [stage(x) for stage in self.pyramid["stages"]]
        maps.append(F.max_pool2d(maps[0], 1, 2))
        size = maps[0].shape[2:]
        maps = [F.interpolate(m, size=size, mode="bilinear", align_corners=False) for m in maps]
        mask = self.mask_head["norm"](self.mask_head["linear_fuse"](torch.cat(maps, 1)))
        mask = self.mask_head["linear_predict"](mask)
        pooled = x.mean((2, 3)) if self.released else x.amax((2, 3))
        mask = F.interpolate(mask, size=high.shape[2:], mode="bilinear", align_corners=True)
        return mask, self.label_head(pooled)[:, 0]


def main() -> None:
    torch.set_num_threads(THREADS)
    net = AniXplore().eval()
    fill(net)
    folder = pathlib.Path(os.environ.get("KANTEI_BENCH_DIR", tempfile.gettempdir() + "/kantei-bench"))
    x = normalised(picture(0, SIDE))

    def best(run):
        wall, processor = [], []
        for _ in range(REPEATS + 1):
            w, p = time.perf_counter(), time.process_time()
            result = run()
            wall.append(time.perf_counter() - w)
            processor.append(time.process_time() - p)
        return result, {"wall_ms": round(1e3 * min(wall[1:]), 1), "processor_ms": round(1e3 * min(processor[1:]), 1)}

    with torch.inference_mode():
        high, low = inputs(x)
        (mask, label), network = best(lambda: net(high, low))
        _, everything = best(lambda: net(*inputs(x)))
    report = {"peer": "PyTorch eager (AniXplore)", "torch": torch.__version__, "side": SIDE, "threads": THREADS,
              "network": network, "all": everything, "label": round(label.item(), 4)}
    for kind in ("float32", "bfloat16"):
        path = folder / f"manipulation_mask_{kind}_{SIDE}.bin"
        if path.exists():
            ours = torch.from_numpy(np.fromfile(path, np.float32)).view(mask.shape)
            report[kind] = {"logit_difference": round((ours - mask).abs().max().item(), 6),
                            "probability_difference": round((ours.sigmoid() - mask.sigmoid()).abs().max().item(), 6)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
