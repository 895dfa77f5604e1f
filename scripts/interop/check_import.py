"""An imported model against the answers of the program that it comes from:
check_import.py MODEL_DIR ANSWERS.npz NAME."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

from cells import IMPORTED_EPS, IMPORTED_TRAJECTORY, Table

COLUMNS = ("sqrt_alpha_bar", "sqrt_one_minus_alpha_bar", "a", "b", "c", "d1", "d2", "d3", "v",
           "sigma")


def step_table(alpha_bar, timesteps):
    """Deterministic DDIM, eq. 12 with sigma 0, from each timestep to the next, [K, columns]."""
    table = np.zeros((len(timesteps), len(COLUMNS)))
    for k, t in enumerate(timesteps):
        after = alpha_bar[timesteps[k + 1]] if k + 1 < len(timesteps) else 1.0
        row = dict(sqrt_alpha_bar=alpha_bar[t] ** 0.5,
                   sqrt_one_minus_alpha_bar=(1 - alpha_bar[t]) ** 0.5,
                   b=after ** 0.5, c=(1 - after) ** 0.5)
        for name, value in row.items():
            table[k, COLUMNS.index(name)] = value
    return table.astype(np.float32)


def main(model, answers, name):
    table = Table(f"imported, TF {tf.__version__}", name)
    expected = np.load(answers)
    signatures = tf.saved_model.load(model).signatures
    x = expected["x"]
    rows = len(x)
    eps = signatures["predict_noise"](x=tf.constant(x), t=tf.constant(expected["t"]))
    table.compare("import, eps", {"eps": eps["eps"].numpy()}, {"eps": expected["eps"]},
                  IMPORTED_EPS)
    timesteps = expected["timesteps"]
    steps = step_table(expected["alpha_bar"], timesteps)
    image = signatures["trajectory"](
        x=tf.constant(x),
        seed=tf.zeros(rows, tf.int64),
        timestep=tf.constant(np.tile(timesteps, (rows, 1))),
        table=tf.constant(np.tile(steps, (rows, 1, 1))),
        clip=tf.constant(np.tile(np.float32([1, 0]), (rows, 1))),
        history=tf.zeros((rows, 3, *x.shape[1:])))["x"].numpy()
    table.compare(f"import, {len(timesteps)} steps", {"image": image},
                  {"image": expected["image"]}, IMPORTED_TRAJECTORY)
    table.exit()


if __name__ == "__main__":
    main(*sys.argv[1:])
