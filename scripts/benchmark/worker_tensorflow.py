"""Python TensorFlow's side of the benchmark: the same SavedModel.

worker_tensorflow.py first MODEL_DIR STEPS makes one image and ends.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf

import worker


def images(function, name, batch):
    shape = function.structured_input_signature[1][name].shape
    return tf.constant(worker.numbers(batch, *shape[1:]))


def unet_job(model, batch, _):
    loaded = tf.saved_model.load(model)
    function = loaded.signatures["predict_noise"]
    x, t = images(function, "x", int(batch)), tf.fill([int(batch)], 500)
    return lambda: loaded and function(x=x, t=t)["eps"].numpy()


def sample_job(model, batch, steps):
    loaded = tf.saved_model.load(model)
    function = loaded.signatures["sample"]
    x, all_steps = images(function, "x_T", int(batch)), tf.fill([int(batch)], int(steps))
    return lambda: loaded and function(x_T=x, steps=all_steps)["x0"].numpy()


def load_job(model):
    def run():
        tf.saved_model.load(model)

    return run


JOBS = {"unet": unet_job, "sample": sample_job, "load": load_job}
if sys.argv[1:2] == ["first"]:
    sample_job(sys.argv[2], 1, sys.argv[3])()
else:
    worker.serve(f"Python TensorFlow {tf.__version__}",
                 lambda words: JOBS[words[0]](*words[1:]))
