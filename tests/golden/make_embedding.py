#!/usr/bin/env python3
"""Makes tests/golden/data/: what torchvision's ResNet-50 and ResNeXt-101 (32x4d) give with weights from the formula of
src/kantei/nn/formula_network.h, and a small TorchScript network shaped like SSCD's files with its outputs.

    pip install torch torchvision safetensors numpy
    tests/golden/make_embedding.py

Each embedding_ARCHITECTURE.safetensors holds "gem" (2 x 2048: GeM, p = 3, of the last feature map) and "descriptor" (2 x 64:
linear head, unit length) for the two formula pictures.
"""
import pathlib

import numpy as np
import torch
import torchvision
from safetensors.numpy import save_file
from torch import nn

FOLDER = pathlib.Path(__file__).resolve().parent / "data"
SIDE = 96
DIMENSION = 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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


def formula(name: str, shape, last_norm: bool) -> torch.Tensor:
    u = uniform(name, int(np.prod(shape)))
    value = (u - 0.5) * 0.2
    if len(shape) > 1:
        value = (2 * u - 1) * np.sqrt(6.0 / np.prod(shape[1:]))
    if len(shape) == 1 and name.endswith(".weight"):
        value = (0.2 if last_norm else 0.6) + 0.4 * u
    if name.endswith(".running_var"):
        value = 0.05 + u
    return torch.from_numpy(value.astype(np.float32).reshape(shape))


def fill(module: nn.Module, last_norm: str, prefix: str = "") -> None:
    state = {}
    for name, tensor in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = tensor
        else:
            state[name] = formula(prefix + name, tuple(tensor.shape), f".{last_norm}." in name)
    module.load_state_dict(state)


def picture(which: int, side: int) -> np.ndarray:
    y, x, c = np.mgrid[0:side, 0:side, 0:3]
    dx, dy = x - side // 2, y - side // 3
    value = x * 7 + y * 13 + c * 29 + x * y // 8 if which == 0 else (dx * dx + dy * dy) // (5 + c) + 40 * c
    return (value & 255).astype(np.uint8)


def batch(side: int) -> torch.Tensor:
    pixels = torch.from_numpy(np.stack([picture(i, side) for i in range(2)])).permute(0, 3, 1, 2).double() / 255
    mean, std = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (pixels - mean) / std


def gem(x: torch.Tensor) -> torch.Tensor:
    return x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)


def network(architecture: str) -> nn.Module:
    block = torchvision.models.resnet.Bottleneck
    if architecture == "resnext101_32x4d":  # torchvision has the class but no function of this name
        return torchvision.models.ResNet(block, [3, 4, 23, 3], groups=32, width_per_group=4)
    return getattr(torchvision.models, architecture)(weights=None)


def torchvision_golden(architecture: str) -> None:
    net = network(architecture)
    net.fc = nn.Identity()
    fill(net, "bn3")
    head = nn.Linear(2048, DIMENSION)
    fill(head, "-", "head.")
    captured = {}
    net.layer4.register_forward_hook(lambda module, args, output: captured.update(map=output))
    # In double: the reference is then exact to float32.
    net.double().eval()
    head.double()
    with torch.no_grad():
        net(batch(SIDE))
        feature = gem(captured["map"])
        descriptor = nn.functional.normalize(head(feature))
    save_file({"gem": feature.float().numpy(), "descriptor": descriptor.float().numpy()},
              FOLDER / f"embedding_{architecture}.safetensors")


class GlobalGeMPool2d(nn.Module):
    def __init__(self, pooling_param: float):
        super().__init__()
        self.pooling_param = pooling_param

    def forward(self, x):
        x = x.clamp(min=1e-6)
        x = x.pow(self.pooling_param)
        x = nn.functional.avg_pool2d(x, (x.size(2), x.size(3)))
        return x.pow(1.0 / self.pooling_param).view(x.size(0), x.size(1))


class L2Norm(nn.Module):
    def forward(self, x):
        return nn.functional.normalize(x)


def sscd_golden() -> None:
    """Backbone, then `embeddings`: GeM (p = 3), linear, unit length; everything narrow."""
    backbone = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], width_per_group=64)
    backbone.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
    backbone.bn1 = nn.BatchNorm2d(8)
    backbone.inplanes = 8
    for i, width in enumerate((8, 12, 16, 24)):
        stride = 1 if i == 0 else 2
        setattr(backbone, f"layer{i + 1}", backbone._make_layer(torchvision.models.resnet.BasicBlock, width, 1, stride))
    backbone.avgpool = nn.Identity()
    backbone.fc = nn.Identity()

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = nn.Sequential(*list(backbone.children())[:-2])
            self.embeddings = nn.Sequential(GlobalGeMPool2d(3.0), nn.Linear(24, 32), L2Norm())

        def forward(self, x):
            return self.embeddings(self.backbone(x))

    model = Model()
    fill(model, "bn2")
    model.eval()
    x = batch(SIDE).float()
    script = torch.jit.trace(model, x)
    torch.jit.save(script, FOLDER / "sscd_shaped.torchscript.pt")
    with torch.no_grad():
        save_file({"descriptor": model.double()(batch(SIDE)).float().numpy()}, FOLDER / "sscd_shaped.safetensors")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for architecture in ("resnet50", "resnext101_32x4d"):
        torchvision_golden(architecture)
    sscd_golden()
    for path in FOLDER.iterdir():
        path.chmod(0o644)


if __name__ == "__main__":
    main()
