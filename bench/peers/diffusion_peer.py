#!/usr/bin/env python3
"""What diffusion_bench measures, in diffusers: a step of Stable Diffusion 1.5's UNet and the decoder of its autoencoder, random weights, on
the CPU; prints one JSON object. Needs torch and diffusers.

    bench/peers/diffusion_peer.py [SIDE] [THREADS] [REPEATS] [NAME...]

Times are best of REPEATS after one pass that is not counted, wall and processor, in milliseconds; peak_mb is the greatest resident memory
while a case ran. Channels-last, the faster order here. NAMEs choose cases: unet/float32 unet_guided/float32 unet/bfloat16
unet_guided/bfloat16 decode/float32 decode_tiled/float32.
"""
import gc
import json
import os
import sys
import time

SIDE = int(sys.argv[1]) if len(sys.argv) > 1 else 64
THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else len(os.sched_getaffinity(0))
REPEATS = int(sys.argv[3]) if len(sys.argv) > 3 else 2
WANTED = sys.argv[4:]
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)

try:
    import diffusers
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
except ImportError as missing:
    # bench/run starts every peer, and its environment has not all that this one needs.
    print(json.dumps({"peer": "diffusers", "missing": str(missing)}))
    sys.exit(0)


def peak(reset: bool = False) -> float:
    if reset:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
        return 0.0
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def measure(run) -> dict:
    run()
    peak(reset=True)
    walls, processors = [], []
    for _ in range(REPEATS):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        walls.append(1e3 * (time.perf_counter() - wall))
        processors.append(1e3 * (time.process_time() - processor))
    return {"wall_ms": round(min(walls), 1), "cpu_ms": round(min(processors), 1), "peak_mb": round(peak(), 1)}


def unet_case(kind: torch.dtype, batch: int):
    unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8, sample_size=64)
    unet = unet.to(kind).to(memory_format=torch.channels_last).eval()
    latents = torch.randn(batch, 4, SIDE, SIDE).to(kind).contiguous(memory_format=torch.channels_last)
    words = torch.randn(batch, 77, 768).to(kind)
    return lambda: unet(latents, 500, words)


def decode_case(tiled: bool):
    vae = AutoencoderKL(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, layers_per_block=2,
                        block_out_channels=[128, 256, 512, 512], latent_channels=4, sample_size=256 if tiled else 512)
    vae = vae.to(memory_format=torch.channels_last).eval()
    if tiled:
        vae.enable_tiling()
    latents = torch.randn(1, 4, SIDE, SIDE)
    return lambda: vae.decode(latents)


def main() -> None:
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    cases = {
        "unet/float32": lambda: unet_case(torch.float32, 1), "unet_guided/float32": lambda: unet_case(torch.float32, 2),
        "unet/bfloat16": lambda: unet_case(torch.bfloat16, 1), "unet_guided/bfloat16": lambda: unet_case(torch.bfloat16, 2),
        "decode/float32": lambda: decode_case(False), "decode_tiled/float32": lambda: decode_case(True),
    }
    results = {}
    with torch.inference_mode():
        for name, make in cases.items():
            if WANTED and name not in WANTED:
                continue
            results[name] = measure(make())
            gc.collect()
    print(json.dumps({"peer": f"diffusers {diffusers.__version__}, torch {torch.__version__}", "side": SIDE, "threads": THREADS, **results}))


if __name__ == "__main__":
    main()
