"""ONNX Runtime's side of the benchmark: what `ddim export --format onnx` writes."""

import os

import numpy as np
import onnxruntime

import worker


def session(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    # Its threads spin while they wait for work; the others would be measured beside that.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def images(run, name, batch):
    shape = next(i.shape for i in run.get_inputs() if i.name == name)
    return worker.numbers(batch, *shape[1:])


def unet_job(file, batch):
    run = session(file)
    x, t = images(run, "x", int(batch)), np.full(int(batch), 500, np.int32)
    return lambda: run.run(["eps"], {"x": x, "t": t})[0]


def sample_job(file, batch, steps):
    run = session(file)
    x, all_steps = images(run, "x_T", int(batch)), np.full(int(batch), int(steps), np.int32)
    return lambda: run.run(["x0"], {"x_T": x, "steps": all_steps})[0]


JOBS = {"unet": unet_job, "sample": sample_job}
worker.serve(f"ONNX Runtime {onnxruntime.__version__}", lambda words: JOBS[words[0]](*words[1:]))
