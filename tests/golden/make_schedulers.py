#!/usr/bin/env python3
"""Makes tests/golden/schedulers_expected.json: where diffusers' schedulers lead in ten steps with a made-up network and noise that the
test makes anew from the formulas below.

    pip install diffusers torch numpy
    tests/golden/make_schedulers.py
"""
import json
import pathlib

import numpy as np
import torch
from diffusers import (DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler)
from diffusers.schedulers import scheduling_euler_ancestral_discrete as ancestral

OUT = pathlib.Path(__file__).resolve().parent / "schedulers_expected.json"
VALUES = 12
SD1 = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000)
KINDS = {"ddim": DDIMScheduler, "euler": EulerDiscreteScheduler,
         "euler-ancestral": EulerAncestralDiscreteScheduler, "dpm++-2m": DPMSolverMultistepScheduler}


def noise(step: int) -> torch.Tensor:
    i = np.arange(VALUES)
    return torch.tensor(1.4 * np.sin(1.7 * i + 2.3 * step + 0.4), dtype=torch.float64)


def network(x: torch.Tensor, t: float) -> torch.Tensor:
    return 0.6 * x + 0.2 * torch.sin(3 * x) + 0.1 * t / 1000


def run(kind: str, config: dict, steps: int, eta: float, first: int) -> dict:
    scheduler = KINDS[kind].from_config(config)
    scheduler.set_timesteps(steps)
    step_number = 0
    ancestral.randn_tensor = lambda *args, **kwargs: noise(step_number + 1)
    timesteps = scheduler.timesteps[first:]
    if first:
        clean = noise(100)
        x = scheduler.add_noise(clean, noise(0), timesteps[:1])
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
    else:
        x = noise(0) * scheduler.init_noise_sigma
    start = x.clone()
    for step_number, t in enumerate(timesteps):
        seen = scheduler.scale_model_input(x, t)
        output = network(seen, float(t))
        extra = dict(eta=eta, variance_noise=noise(step_number + 1) if eta > 0 else None) if kind == "ddim" else {}
        x = scheduler.step(output, t, x, **extra).prev_sample
    return dict(timesteps=[float(t) for t in timesteps], start=start.tolist(), end=x.tolist())


def main() -> None:
    torch.set_default_dtype(torch.float64)
    cases = []
    for kind in KINDS:
        for prediction in ("epsilon", "v_prediction"):
            for spacing in ("leading", "trailing", "linspace"):
                # DDIM in diffusers steps by a fixed stride, which for even spacing is not where it goes next.
                if kind == "ddim" and spacing == "linspace":
                    continue
                for variant in range(3):
                    if variant == 2 and spacing == "linspace":
                        continue
                    config = dict(SD1, prediction_type=prediction, timestep_spacing=spacing)
                    if kind != "euler-ancestral" or spacing == "leading":
                        config["steps_offset"] = 1 if spacing == "leading" else 0
                    eta = 0.0
                    if variant == 1:
                        if kind == "ddim":
                            eta = 0.7
                        elif kind == "euler-ancestral":
                            config["beta_schedule"] = "linear"
                        else:
                            config["use_karras_sigmas"] = True
                    if kind == "ddim":
                        config.update(clip_sample=False, set_alpha_to_one=variant == 1)
                    first = 4 if variant == 2 else 0
                    case = dict(kind=kind, config=dict(config, _class_name=KINDS[kind].__name__), steps=10, eta=eta, first=first,
                                karras=config.get("use_karras_sigmas", False))
                    case.update(run(kind, config, 10, eta, first))
                    cases.append(case)
    rounded = json.loads(json.dumps(cases), parse_float=lambda text: round(float(text), 6))
    for case, exact in zip(rounded, cases):
        case["config"] = exact["config"]
    OUT.write_text(json.dumps(rounded, separators=(",", ":")).replace("},{\"kind", "},\n{\"kind") + "\n")
    print(len(cases), "cases,", OUT.stat().st_size, "bytes")


main()
