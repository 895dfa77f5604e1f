"""Inputs of every signature, and what Python's TensorFlow makes of them."""

import numpy as np
import tensorflow as tf

STEPS = 6


def expected(folder):
    """By signature: inputs and outputs."""
    loaded = tf.saved_model.load(str(folder)).signatures
    inputs = {
        "serving_default": {
            "seed": np.array([1, 2, -3], np.int64),
            "steps": np.array([STEPS, 3, STEPS], np.int32),
            "eta": np.array([0, 0.5, 1], np.float32)},
        "latent": {"seed": np.array([1, -2], np.int64)},
    }
    image = run(loaded, "latent", inputs["latent"])["x_T"]
    inputs["sample"] = {"x_T": image, "steps": np.array([STEPS, 2], np.int32)}
    inputs["predict_noise"] = {"x": image, "t": np.array([0, 700], np.int32)}
    inputs["trajectory"] = trajectory(image)
    return {name: (given, run(loaded, name, given)) for name, given in inputs.items()}


def run(loaded, name, inputs):
    outputs = loaded[name](**{key: tf.constant(value) for key, value in inputs.items()})
    return {key: value.numpy() for key, value in outputs.items()}


def trajectory(x):
    """Two steps of DDIM, of the second row only one; the weights need not be of a schedule."""
    table = np.zeros((2, 2, 10), np.float32)
    table[:, :, 0] = 0.6  # sqrt(alphaBar)
    table[:, :, 1] = 0.8  # sqrt(1 - alphaBar)
    table[:, 0, 3:5] = 0.7, 0.7  # b, c
    table[:, 1, 3:6] = 0.9, 0.3, 0.1  # b, c, d1
    table[0, 0, 9] = 0.2  # sigma
    timestep = np.array([[800, 400], [800, -1]], np.int32)
    return {
        "x": x, "seed": np.array([5, 6], np.int64), "timestep": timestep, "table": table,
        "clip": np.array([[1, 0], [2, 0.9]], np.float32),
        "history": np.zeros((2, 3, *x.shape[1:]), np.float32)}


def refusal(table, cell, action, code, *words):
    """A cell that holds if the action is refused with that status and these words."""
    try:
        action()
        table.fact(cell, False, f"was not refused; must be {code}")
    except Exception as e:  # each client has exceptions of its own
        got, message = status(e)
        ok = got == code and all(word in message for word in words)
        table.fact(cell, ok, f"{got}: {message[:160]}")


def status(error):
    """The status of a client's exception, as (name, text)."""
    code = error.status() if hasattr(error, "status") else None  # tritonclient
    if code is not None:
        return str(code).replace("StatusCode.", ""), error.message()
    if hasattr(error, "message") and callable(error.message):
        return "in-band", error.message()
    return error.code().name, error.details()
