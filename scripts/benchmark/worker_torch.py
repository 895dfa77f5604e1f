"""PyTorch's side of the benchmark: diffusers' network with the same weights."""

import copy
import os

import torch
from diffusers import DDIMPipeline, __version__

import worker

torch.set_num_threads(os.cpu_count())


def network(folder):
    return DDIMPipeline.from_pretrained(folder).unet.eval()


def images(unet, batch):
    side = unet.config.sample_size
    height, width = side if isinstance(side, (tuple, list)) else (side, side)
    nhwc = worker.numbers(batch, height, width, unet.config.in_channels)
    return torch.from_numpy(nhwc.transpose(0, 3, 1, 2).copy())


def unet_job(folder, batch, precision, variant):
    unet = network(folder)
    x = images(unet, int(batch))
    t = torch.full((int(batch),), 500)
    if precision == "bfloat16":
        unet, x = unet.to(torch.bfloat16), x.to(torch.bfloat16)
    if "channels-last" in variant:
        unet, x = unet.to(memory_format=torch.channels_last), x.to(
            memory_format=torch.channels_last)
    if "compile" in variant:
        unet = torch.compile(unet)

    def run():
        with torch.inference_mode():
            return unet(x, t, return_dict=False)[0].float().numpy().transpose(0, 2, 3, 1)

    return run


def pipeline_job(folder, batch, steps):
    pipeline = DDIMPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)

    def run():
        pipeline(batch_size=int(batch), num_inference_steps=int(steps), eta=0.0, output_type="np")

    return run


def train_job(folder, batch):
    """The step of `ddim train`: the loss on the noise, Adam, clipped gradients, moving average."""
    unet = network(folder).train()
    average = [p.detach().clone() for p in unet.parameters()]
    adam = torch.optim.Adam(unet.parameters(), lr=5e-4)
    x0 = images(unet, int(batch))
    alpha_bar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)

    def run():
        t = torch.randint(0, 1000, (int(batch),))
        level = alpha_bar[t].reshape(-1, 1, 1, 1)
        eps = torch.randn_like(x0)
        predicted = unet(level.sqrt() * x0 + (1 - level).sqrt() * eps, t, return_dict=False)[0]
        loss = torch.nn.functional.mse_loss(predicted, eps)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(unet.parameters()), 1e-3)
        loss.item()

    return run


def flops_job(folder):
    """No time: the floating point operations of one image, as the only number."""
    from torch.utils.flop_counter import FlopCounterMode

    unet = network(folder)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        unet(images(unet, 1), torch.tensor([500]))
    return lambda: [counter.get_total_flops()] * worker.PROBES


def gemm_job(n):
    a = torch.from_numpy(worker.numbers(int(n), int(n)))

    def run():
        with torch.inference_mode():
            (a @ a).sum().item()

    return run


JOBS = {"unet": unet_job, "pipeline": pipeline_job, "train": train_job, "flops": flops_job,
        "gemm": gemm_job}
worker.serve(f"PyTorch {torch.__version__}, diffusers {__version__}",
             lambda words: JOBS[words[0]](*words[1:]))
