#!/usr/bin/env python3
"""Makes tests/golden/data/diffusion.{json,safetensors}: what diffusers' and transformers' networks of latent diffusion give in small
configurations with weights and inputs from the formula of src/kantei/nn/formula_network.h, and the names and shapes of the tensors
of the published sizes.

    pip install torch diffusers transformers safetensors numpy
    tests/golden/make_diffusion.py

The JSON has, a case: "network", "config" (a config.json), "tensors" (their number) and "sha256" (of lines "name: [shape]" in the order
of names). The safetensors file has CASE.OUTPUT, computed in float64.
"""
import hashlib
import json
import pathlib

import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from safetensors.numpy import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from make_embedding import formula, uniform

FOLDER = pathlib.Path(__file__).resolve().parent / "data"

UNET = {
    "sample_size": 8, "in_channels": 4, "out_channels": 4, "norm_num_groups": 8, "layers_per_block": 1, "cross_attention_dim": 24,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "block_out_channels": [16, 32, 32], "attention_head_dim": 4,
}
LINEAR = {**UNET, "layers_per_block": 2, "attention_head_dim": [2, 4, 8], "use_linear_projection": True, "cross_attention_dim": 20}
INPAINT = {**UNET, "in_channels": 9, "flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-4, "transformer_layers_per_block": 2,
           "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"], "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
           "block_out_channels": [16, 32]}
CONTROL = {key: value for key, value in UNET.items() if key not in ("sample_size", "out_channels", "up_block_types")}
CONTROL = {**CONTROL, "conditioning_embedding_out_channels": [8, 12, 16]}
VAE = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "norm_num_groups": 8, "layers_per_block": 1, "sample_size": 16,
    "down_block_types": ["DownEncoderBlock2D"] * 3, "up_block_types": ["UpDecoderBlock2D"] * 3, "block_out_channels": [8, 16, 16],
    "scaling_factor": 0.3,
}
VAE_PLAIN = {**VAE, "layers_per_block": 2, "latent_channels": 3, "use_quant_conv": False, "use_post_quant_conv": False,
             "mid_block_add_attention": False, "down_block_types": ["DownEncoderBlock2D"] * 2,
             "up_block_types": ["UpDecoderBlock2D"] * 2, "block_out_channels": [8, 16]}
TEXT = {
    "vocab_size": 60, "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "max_position_embeddings": 16, "hidden_act": "quick_gelu", "bos_token_id": 58, "eos_token_id": 59, "pad_token_id": 59,
}
TEXT_GELU = {**TEXT, "hidden_act": "gelu", "layer_norm_eps": 1e-4}

# The published sizes, of which names and shapes alone are kept.
SD1_UNET = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
SD2_UNET = {"sample_size": 96, "cross_attention_dim": 1024, "attention_head_dim": [5, 10, 20, 20], "use_linear_projection": True}
SD_VAE = {"down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4, "layers_per_block": 2,
          "block_out_channels": [128, 256, 512, 512], "latent_channels": 4, "sample_size": 512}
SD1_TEXT = {"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
SD2_TEXT = {"vocab_size": 49408, "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16,
            "hidden_act": "gelu"}


def make(network: str, config: dict) -> torch.nn.Module:
    if network == "text":
        return CLIPTextModel(CLIPTextConfig(**config))
    classes = {"unet": UNet2DConditionModel, "controlnet": ControlNetModel, "vae": AutoencoderKL}
    return classes[network](**config)


def file_name(network: str, name: str) -> str:
    """As published files have it: transformers 5 calls the text encoder's tensors without their first part."""
    return "text_model." + name if network == "text" and not name.startswith("text_model.") else name


def describe(network: str, config: dict, module: torch.nn.Module) -> dict:
    shapes = {file_name(network, name): list(tensor.shape) for name, tensor in module.state_dict().items()}
    shapes = {name: shape for name, shape in shapes.items() if not name.endswith("position_ids")}
    lines = "".join(f"{name}: {shape}\n" for name, shape in sorted(shapes.items()))
    return {"network": network, "config": config, "tensors": len(shapes), "sha256": hashlib.sha256(lines.encode()).hexdigest()}


def filled(network: str, config: dict) -> torch.nn.Module:
    module = make(network, config)
    module.load_state_dict({name: tensor if name.endswith("position_ids") else formula(file_name(network, name), tuple(tensor.shape), False)
                            for name, tensor in module.state_dict().items()})
    return module.double().eval()


def given(name: str, *shape: int) -> torch.Tensor:
    """-1..1, exact in float32."""
    values = (2 * uniform("given." + name, int(np.prod(shape))) - 1).astype(np.float32)
    return torch.from_numpy(values.reshape(shape)).double()


class Watching:
    """An attention processor that keeps the mean over heads of what is looked at."""

    def __init__(self):
        self.seen = None

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None):
        split = [attn.head_to_batch_dim(x) for x in (attn.to_q(hidden_states), attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states))]
        probabilities = attn.get_attention_scores(split[0], split[1])
        self.seen = probabilities.view(hidden_states.shape[0], attn.heads, *probabilities.shape[1:]).mean(1)
        return attn.to_out[0](attn.batch_to_head_dim(torch.bmm(probabilities, split[2])))


def unet_outputs(config: dict, height: int, width: int, control=None) -> dict:
    unet = filled("unet", config)
    watching = Watching()
    name = "up_blocks.1.attentions.0.transformer_blocks.0" if len(config["block_out_channels"]) > 2 else "mid_block.attentions.0.transformer_blocks.0"
    unet.get_submodule(name + ".attn2").set_processor(watching)
    arguments = dict(sample=given("latents", 2, config["in_channels"], height, width), timestep=torch.tensor([17.0, 981.0]).double(),
                     encoder_hidden_states=given("words", 2, 5, config["cross_attention_dim"]))
    outputs = {}
    if control is not None:
        net = filled("controlnet", control)
        skips, middle = net(**arguments, controlnet_cond=given("picture", 2, 3, 4 * height, 4 * width).abs(), conditioning_scale=0.75,
                            return_dict=False)
        arguments.update(down_block_additional_residuals=skips, mid_block_additional_residual=middle)
        outputs = {"middle": middle, "skip_0": skips[0]}
    return {"sample": unet(**arguments).sample, "maps": watching.seen, **outputs}


def vae_outputs(config: dict) -> dict:
    vae = filled("vae", config)
    moments = vae.encode(given("picture", 1, 3, 24, 16)).latent_dist
    return {"mean": moments.mean, "log_variance": moments.logvar, "decoded": vae.decode(given("latents", 1, config["latent_channels"], 6, 5)).sample}


def text_outputs(config: dict) -> dict:
    text = filled("text", config)
    ids = torch.tensor([[58, 3, 17, 44, 59, 59, 59], [58, 0, 1, 2, 3, 57, 59]])
    states = text(ids, output_hidden_states=True)
    norm = text.get_submodule("text_model.final_layer_norm" if hasattr(text, "text_model") else "final_layer_norm")
    return {"last": states.last_hidden_state, "penultimate": norm(states.hidden_states[-2])}


def main() -> None:
    cases, tensors = {}, {}

    def add(name: str, network: str, config: dict, outputs: dict) -> None:
        cases[name] = describe(network, config, make(network, config))
        tensors.update({f"{name}.{key}": value.float().contiguous().numpy() for key, value in outputs.items()})

    with torch.no_grad():
        add("unet_conv", "unet", UNET, unet_outputs(UNET, 8, 8))
        add("unet_linear", "unet", LINEAR, unet_outputs(LINEAR, 9, 7))
        add("unet_inpaint", "unet", INPAINT, unet_outputs(INPAINT, 4, 6))
        add("control", "controlnet", CONTROL, unet_outputs(UNET, 8, 8, CONTROL))
        add("vae", "vae", VAE, vae_outputs(VAE))
        add("vae_plain", "vae", VAE_PLAIN, vae_outputs(VAE_PLAIN))
        add("text_quick", "text", TEXT, text_outputs(TEXT))
        add("text_gelu", "text", TEXT_GELU, text_outputs(TEXT_GELU))
        with torch.device("meta"):
            for name, network, config in (("sd1_unet", "unet", SD1_UNET), ("sd1_inpaint", "unet", {**SD1_UNET, "in_channels": 9}),
                                          ("sd2_unet", "unet", SD2_UNET), ("sd1_control", "controlnet", {"cross_attention_dim": 768}),
                                          ("sd_vae", "vae", SD_VAE), ("sd1_text", "text", SD1_TEXT), ("sd2_text", "text", SD2_TEXT)):
                cases[name] = describe(network, config, make(network, config))
    save_file(tensors, FOLDER / "diffusion.safetensors")
    (FOLDER / "diffusion.json").write_text(json.dumps(cases, indent=1) + "\n")
    for name in ("diffusion.safetensors", "diffusion.json"):
        (FOLDER / name).chmod(0o644)


if __name__ == "__main__":
    main()
