#!/usr/bin/env python3
"""Makes tests/golden/data/authenticity.safetensors: what torchvision's ConvNeXt-Tiny, transformers' SegFormer MiT-B3, SciPy's DCT,
PyWavelets' db4 and AniXplore in PyTorch (bench/peers/manipulation_peer.py) give with formula weights and pictures.

    pip install torch torchvision transformers scipy PyWavelets safetensors numpy
    tests/golden/make_authenticity.py

Each result is kept as NAME.samples (64 values at even distances in row-major order) and NAME.sums (mean and mean of squares).
"""
import pathlib
import sys
import tempfile

import numpy as np
import pywt
import scipy.fft
import torch
import torchvision
from safetensors.numpy import save_file
from transformers import SegformerConfig, SegformerModel

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "peers"))
import manipulation_peer as peer  # noqa: E402

SIDE = 64
SAMPLES = 64
kept = {}


def keep(name: str, values) -> None:
    values = np.asarray(values, dtype=np.float64).reshape(-1)
    samples = min(SAMPLES, values.size)
    kept[name + ".samples"] = values[:: values.size // samples][:samples].astype(np.float32)
    kept[name + ".sums"] = np.array([values.mean(), (values ** 2).mean()], dtype=np.float32)


def convnext(x: torch.Tensor) -> None:
    net = torchvision.models.convnext_tiny(weights=None)
    net.classifier = torch.nn.Identity()
    peer.fill(net)
    net.double().eval()
    for i, layer in enumerate(net.features):
        x = layer(x)
        if i % 2 == 1:
            keep(f"convnext.{i // 2}", x)


def mit(x: torch.Tensor) -> None:
    config = SegformerConfig(depths=[3, 4, 18, 3], hidden_sizes=[64, 128, 320, 512], drop_path_rate=0.0)
    with tempfile.TemporaryDirectory() as folder:
        # The names of the files, which are not those of the modules in every version of transformers.
        SegformerModel(config).save_pretrained(folder)
        path = pathlib.Path(folder) / "model.safetensors"
        from safetensors import safe_open
        with safe_open(path, "np") as file:
            state = {name: peer.formula(name, tuple(file.get_slice(name).get_shape())).numpy() for name in file.keys()}
        save_file(state, path, {"format": "pt"})
        net = SegformerModel.from_pretrained(folder).double().eval()
    states = net(x, output_hidden_states=True).hidden_states
    assert len(states) == 4
    for i, state in enumerate(states):
        assert state.dim() == 4
        keep(f"mit.{i}", state)


def frequency() -> None:
    """A plane that is not square, with values of a normalised picture."""
    full = peer.normalised(peer.picture(1, 96), torch.float64)[0].numpy()
    x = full[:, :64, :]
    h, w = x.shape[1:]
    spectrum = scipy.fft.dctn(x, axes=(1, 2), norm="ortho")

    def back(mask):
        return scipy.fft.idctn(spectrum * mask, axes=(1, 2), norm="ortho")
    high, strip = np.ones((h, w)), np.ones((h, w))
    high[:int(0.05 * h), :int(0.05 * w)] = 0
    strip[-int(0.95 * h):, -int(0.95 * w):] = 0
    keep("dct.high", back(high))
    keep("dct.square", back(1 - high))
    keep("dct.strip", back(strip))
    bands = [pywt.dwt2(plane, "db4", mode="zero") for plane in x]
    keep("dwt.inverse", np.stack([pywt.idwt2((np.zeros_like(low), details), "db4", mode="zero")[:h, :w]
                                  for low, details in bands]))
    keep("dwt.flipped", peer.wavelet_high(torch.from_numpy(x.copy())[None], True))


def anixplore() -> None:
    for released in (True, False):
        net = peer.AniXplore(released)
        peer.fill(net)
        net.double().eval()
        x = peer.normalised(peer.picture(0, SIDE), torch.float64)
        high, low = peer.inputs(x, released)
        mask, label = net(high, low)
        name = "released" if released else "correct"
        keep(f"anixplore.{name}.high", high[:, 3:])
        keep(f"anixplore.{name}.low", low[:, 3:])
        keep(f"anixplore.{name}.mask", mask)
        keep(f"anixplore.{name}.label", label)


def main() -> None:
    with torch.no_grad():
        x = peer.normalised(peer.picture(0, SIDE), torch.float64)
        convnext(x)
        mit(x)
        frequency()
        anixplore()
    path = ROOT / "tests" / "golden" / "data" / "authenticity.safetensors"
    save_file(kept, path)
    path.chmod(0o644)
    for name in sorted(kept):
        if name.endswith(".sums"):
            print(name, kept[name])


if __name__ == "__main__":
    main()
