"""OpenVINO's side of the benchmark: what `ddim export --format openvino` writes."""

import os

import numpy as np
import openvino

import worker


def unet_job(file, batch, precision):
    core = openvino.Core()
    model = core.read_model(file)
    shape = model.input("x").partial_shape
    x = worker.numbers(int(batch), *(dimension.get_length() for dimension in list(shape)[1:]))
    t = np.full(int(batch), 500, np.int32)
    model.reshape({"x": list(x.shape), "t": [int(batch)]})
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": os.cpu_count()})
    request = compiled.create_infer_request()
    return lambda: request.infer({"x": x, "t": t})[compiled.output(0)]


worker.serve(f"OpenVINO {openvino.__version__.split('-')[0]}", lambda words: unet_job(*words[1:]))
