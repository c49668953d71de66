#!/usr/bin/env python3
"""Makes tests/data/pdq/: small pictures, and golden.json with the hashes that the reference implementation of PDQ gives
for them through its Python binding.

    pip install pdqhash pillow numpy
    tests/golden/make_pdq.py [--sources DIR]

DIR is the folder skimage/data of scikit-image (Debian package python3-skimage). Without it the pictures that are there
stay as they are and only golden.json is made anew. tests/data/pdq/LICENSE names the origin of every picture.
"""
import argparse
import json
import pathlib

import numpy as np
import pdqhash
from PIL import Image

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "pdq"
# Longer side in pixels: odd and even filter windows, landscape, portrait and square.
PHOTOS = {
    "astronaut.png": 400, "brick.png": 257, "camera.png": 320, "chelsea.png": 400, "clock_motion.png": 300,
    "coffee.png": 384, "grass.png": 200, "gravel.png": 256, "hubble_deep_field.jpg": 400, "retina.jpg": 333,
    "rocket.jpg": 391,
}


def reduced(picture: Image.Image, side: int) -> Image.Image:
    scale = side / max(picture.size)
    size = tuple(max(1, round(length * scale)) for length in picture.size)
    return picture.convert("RGB").resize(size, Image.LANCZOS)


def synthetic() -> dict:
    rng = np.random.default_rng(1)
    clouds = np.zeros((240, 320, 3))
    for octave in range(1, 7):
        noise = rng.random((3 * 2**octave, 4 * 2**octave, 3)) * 255
        layer = Image.fromarray(noise.astype(np.uint8)).resize((320, 240), Image.BICUBIC)
        clouds += np.asarray(layer, dtype=float) / 2**octave
    y, x = np.mgrid[0:201, 0:301]
    rings = 127 + 127 * np.sin((x - 90) ** 2 / 900 + (y - 60) ** 2 / 700)
    plaid = np.stack([(x // 17 % 2) * 200, (y // 23 % 2) * 150, ((x + y) // 31 % 2) * 255], axis=-1)
    tiny = rng.integers(0, 256, (30, 47, 3))
    ramp = np.repeat(np.linspace(0, 255, 150)[None, :, None], 100, axis=0).repeat(3, axis=2)
    return {"clouds": clouds.clip(0, 255), "rings": np.repeat(rings[:, :, None], 3, axis=2), "plaid": plaid, "tiny": tiny,
            "ramp": ramp}


def hexadecimal(bits) -> str:
    return f"{int(''.join(str(int(bit)) for bit in bits), 2):064x}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=pathlib.Path)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.sources:
        for name, side in PHOTOS.items():
            target = FOLDER / (pathlib.Path(name).stem + ".jpg")
            reduced(Image.open(options.sources / name), side).save(target, quality=82)
        for name, pixels in synthetic().items():
            Image.fromarray(pixels.astype(np.uint8)).save(FOLDER / f"synthetic_{name}.png", optimize=True)

    pictures = []
    for path in sorted(FOLDER.glob("*.jpg")) + sorted(FOLDER.glob("*.png")):
        pixels = np.ascontiguousarray(np.asarray(Image.open(path).convert("RGB")))
        hashes, quality = pdqhash.compute_dihedral(pixels)
        pictures.append({"file": path.name, "width": pixels.shape[1], "height": pixels.shape[0], "quality": quality,
                         "hashes": [hexadecimal(bits) for bits in hashes]})
    golden = {"tool": f"pdqhash {pdqhash.__version__}",
              "order": "original rotate90 rotate180 rotate270 flip_x flip_y flip_plus1 flip_minus1", "pictures": pictures}
    (FOLDER / "golden.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


main()
