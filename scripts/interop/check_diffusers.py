"""Random-weight networks of diffusers and what diffusers makes of them.

  check_diffusers.py make OUT        saves models OUT/NAME/model with inputs and answers beside them
  check_diffusers.py back OUT NAME   compares OUT/NAME/back, the model that came back, with them

Models that ours cannot be, by one key each, are saved below OUT/refused.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel, __version__

from cells import IMPORTED_EPS, IMPORTED_TRAJECTORY, Table

STEPS = 10
TIMES = (0, 10, 250, 700, 999)

OURS = dict(downsample_padding=0, flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6,
            attention_head_dim=None)
SMALL = dict(OURS, sample_size=16, in_channels=1, out_channels=1, block_out_channels=(32, 64),
             layers_per_block=1, norm_num_groups=8,
             down_block_types=("DownBlock2D", "AttnDownBlock2D"),
             up_block_types=("AttnUpBlock2D", "UpBlock2D"))
MODELS = {
    "cifar10": dict(OURS, sample_size=32, block_out_channels=(128, 256, 256, 256),
                    down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D",
                                      "DownBlock2D"),
                    up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D")),
    "small": SMALL,
    "oblong": dict(SMALL, sample_size=(8, 24), in_channels=3, out_channels=3),
    "sixteen-groups": dict(SMALL, norm_num_groups=16, layers_per_block=2),
    "flipped": dict(SMALL, flip_sin_to_cos=True),
    "padded": dict(SMALL, downsample_padding=1),
    "v-prediction": SMALL,
    "sample": SMALL,
}
# What a network predicts, where that is not the noise.
PREDICTIONS = {"v-prediction": "v_prediction", "sample": "sample"}
REFUSED = {
    "norm_eps": dict(SMALL, norm_eps=1e-5),
    "freq_shift": dict(SMALL, freq_shift=0),
    "attention_head_dim": dict(SMALL, attention_head_dim=8),
    "resnet_time_scale_shift": dict(SMALL, resnet_time_scale_shift="scale_shift"),
}


def network(config):
    """Every weight random and the answers small: large ones make chaotic trajectories."""
    torch.manual_seed(3)
    unet = UNet2DModel(**config).eval()
    with torch.no_grad():
        for parameter in unet.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
        unet.conv_out.weight.mul_(0.1)
    return unet


def noise(predicted, x, scheduler):
    """What a prediction at TIMES says of the noise in x."""
    alpha_bar = scheduler.alphas_cumprod[list(TIMES)].reshape(-1, 1, 1, 1)
    signal, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    return {"epsilon": predicted,
            "v_prediction": signal * predicted + sigma * x,
            "sample": (x - signal * predicted) / sigma}[scheduler.config.prediction_type]


def answers(unet, scheduler, x):
    """Noise at several t, and the images after a whole trajectory."""
    with torch.no_grad():
        eps = noise(unet(x, torch.tensor(TIMES)).sample, x, scheduler)
        scheduler.set_timesteps(STEPS)
        image = x
        for t in scheduler.timesteps:
            image = scheduler.step(unet(image, t).sample, t, image, eta=0.0).prev_sample
    return eps, image


def make(out):
    for name, config in MODELS.items():
        folder = pathlib.Path(out) / name
        folder.mkdir(parents=True)
        unet = network(config)
        scheduler = DDIMScheduler(clip_sample=True, steps_offset=0,
                                  prediction_type=PREDICTIONS.get(name, "epsilon"))
        DDIMPipeline(unet, scheduler).save_pretrained(folder / "model")
        side = config["sample_size"]
        height, width = side if isinstance(side, tuple) else (side, side)
        x = torch.randn(len(TIMES), unet.config.in_channels, height, width)
        eps, image = answers(unet, scheduler, x)
        arrays = dict(x=x, eps=eps, image=image)
        np.savez(folder / "answers.npz", t=np.array(TIMES, np.int32),
                 timesteps=scheduler.timesteps.numpy().astype(np.int32),
                 alpha_bar=scheduler.alphas_cumprod.numpy().astype(np.float64),
                 **{key: value.numpy().transpose(0, 2, 3, 1) for key, value in arrays.items()})
        print(name)
    # A file older than the key: its network has one head.
    config = pathlib.Path(out) / "small" / "model" / "unet" / "config.json"
    keys = json.loads(config.read_text())
    del keys["attention_head_dim"]
    config.write_text(json.dumps(keys))
    for key, config in REFUSED.items():
        network(config).save_pretrained(pathlib.Path(out) / "refused" / key)


def back(out, name):
    folder = pathlib.Path(out) / name
    table = Table(f"diffusers {__version__}", name)
    expected = np.load(folder / "answers.npz")
    pipeline = DDIMPipeline.from_pretrained(folder / "back")
    x = torch.from_numpy(expected["x"].transpose(0, 3, 1, 2).copy())
    eps, image = (value.numpy().transpose(0, 2, 3, 1)
                  for value in answers(pipeline.unet, pipeline.scheduler, x))
    table.compare("back, eps", {"eps": eps}, {"eps": expected["eps"]}, IMPORTED_EPS)
    table.compare(f"back, {STEPS} steps", {"image": image}, {"image": expected["image"]},
                  IMPORTED_TRAJECTORY)
    table.exit()


if __name__ == "__main__":
    {"make": make, "back": back}[sys.argv[1]](*sys.argv[2:])
