#!/usr/bin/env python3
"""Makes tests/golden/data/segformer.{json,safetensors}: what transformers' SegformerForSemanticSegmentation gives in a small
configuration with weights from the formula of src/kantei/nn/formula_network.h, and what its image processor makes of a picture.

    pip install torch torchvision transformers safetensors numpy pillow
    tests/golden/make_segformer.py

The JSON has "config" and "preprocessor" (the two files of a folder) and "tensors" (number of weights). The safetensors file has, of
the second formula picture's left upper part (WIDTH x HEIGHT): "pixels" (the picture resized, 0..255), "logits" (float64 arithmetic)
and "labels" (at the picture's own size).
"""
import json
import pathlib
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

from make_embedding import FOLDER, formula, picture

WIDTH, HEIGHT = 60, 44
CONFIG = {"hidden_sizes": [8, 12, 24, 32], "depths": [2, 1, 2, 1], "num_attention_heads": [1, 2, 3, 4], "sr_ratios": [4, 2, 2, 1],
          "mlp_ratios": [4, 3, 2, 4], "decoder_hidden_size": 20,
          "id2label": {"0": "wall", "1": "sky, heaven", "2": "animal", "3": "tree", "4": "lamp"}}
PREPROCESSOR = {"do_resize": True, "size": {"height": 64, "width": 96}, "resample": 2, "do_normalize": True,
                "image_mean": [0.4, 0.5, 0.45], "image_std": [0.2, 0.25, 0.3], "do_reduce_labels": True}


def filled(folder: pathlib.Path) -> tuple[SegformerForSemanticSegmentation, int]:
    """Files have the public names, which may not be those of the module in memory."""
    SegformerForSemanticSegmentation(SegformerConfig(**CONFIG)).save_pretrained(folder)
    file = folder / "model.safetensors"
    state = {name: tensor if name.endswith("num_batches_tracked") else formula(name, tuple(tensor.shape), False)
             for name, tensor in load_file(file).items()}
    save_file(state, file, {"format": "pt"})
    return SegformerForSemanticSegmentation.from_pretrained(folder).double().eval(), len(state)


def main() -> None:
    processor = SegformerImageProcessor(**PREPROCESSOR)
    pixels = np.ascontiguousarray(picture(1, 64)[:HEIGHT, :WIDTH])
    plain = SegformerImageProcessor(**{**PREPROCESSOR, "do_normalize": False, "do_rescale": False})
    resized = plain(pixels, return_tensors="pt")["pixel_values"][0].float()
    inputs = processor(pixels, return_tensors="pt")["pixel_values"]
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        network, count = filled(pathlib.Path(folder))
        outputs = network(inputs.double())
        labels = processor.post_process_semantic_segmentation(outputs, [(HEIGHT, WIDTH)])[0]
    print("values", float(outputs.logits.min()), float(outputs.logits.max()), "classes", torch.bincount(labels.flatten()).tolist())
    save_file({"pixels": resized.round().to(torch.uint8).contiguous(), "logits": outputs.logits[0].float().contiguous(),
               "labels": labels.to(torch.uint8).contiguous()}, FOLDER / "segformer.safetensors")
    config = {"model_type": "segformer", **CONFIG}
    (FOLDER / "segformer.json").write_text(json.dumps({"config": config, "preprocessor": PREPROCESSOR, "tensors": count}, indent=1) + "\n")


if __name__ == "__main__":
    main()
