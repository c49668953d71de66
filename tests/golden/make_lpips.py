#!/usr/bin/env python3
"""Makes tests/golden/lpips_expected.json: distances by the lpips package (AlexNet and VGG-16) with weights from the formula of
src/kantei/nn/formula_network.h (of the linear layers: its uniform numbers themselves, which are not negative).

    pip install torch torchvision lpips numpy
    tests/golden/make_lpips.py

Per network: "alex" or "vgg" -> distances of the pairs of formula pictures (64 x 64): both; the second and itself moved by 3 pixels;
the first and itself with its colours halved. "normalize" is off: pictures are given as -1..1.
"""
import json
import pathlib

import lpips
import numpy as np
import torch

from make_embedding import formula, picture, uniform

SIDE = 64


def public(name: str) -> str:
    """torchvision's name of a tensor below "net.slice": that of its layer."""
    return "features." + name.split(".", 2)[2]


def filled(network: str) -> torch.nn.Module:
    module = lpips.LPIPS(net=network, pretrained=False, pnet_rand=True, verbose=False)
    state = {}
    for name, tensor in module.state_dict().items():
        shape = tuple(tensor.shape)
        if name.startswith("net."):
            state[name] = formula(public(name), shape, False)
        elif name.startswith("lin"):
            own = name if name.startswith("lin" + name[3:4] + ".") and name[3].isdigit() else "lin" + name.split(".", 1)[1]
            state[name] = torch.from_numpy(uniform(own, int(np.prod(shape))).astype(np.float32).reshape(shape))
        else:
            state[name] = tensor
    module.load_state_dict(state)
    return module.double().eval()


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float64)).permute(2, 0, 1)[None] / 127.5 - 1


def main() -> None:
    first, second = picture(0, SIDE), picture(1, SIDE)
    moved = np.concatenate([second[:, 3:], second[:, :3]], axis=1)
    pairs = [(first, second), (second, moved), (first, first // 2)]
    with torch.no_grad():
        expected = {network: [float(filled(network)(tensor(a), tensor(b))) for a, b in pairs] for network in ("alex", "vgg")}
    print(expected)
    path = pathlib.Path(__file__).resolve().parent / "lpips_expected.json"
    path.write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
