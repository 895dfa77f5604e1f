"""tritonclient, one call after the other, with callbacks, and as a stream."""

import queue

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import np_to_triton_dtype

from cells import IN_TENSORFLOW
from .expect import STEPS, refusal

CLIENT = "tritonclient"
PATIENCE = 120


def tensors(inputs, kind=triton.InferInput):
    given = []
    for key, value in inputs.items():
        tensor = kind(key, value.shape, np_to_triton_dtype(value.dtype))
        tensor.set_data_from_numpy(value)
        given.append(tensor)
    return given


def outputs(result, expected):
    return {key: result.as_numpy(key) for key in expected}


def server(table, target, name, version, expected):
    with triton.InferenceServerClient(target) as client:
        table.fact("ServerLive", client.is_server_live(), "")
        table.fact("ServerReady", client.is_server_ready(), "")
        table.fact("ModelReady", client.is_model_ready(name)
                   and client.is_model_ready(name, str(version))
                   and not client.is_model_ready("no-model"), "")
        told = client.get_server_metadata()
        table.fact("ServerMetadata", told.name == "ddim-java", f"{told.name} {told.version}")
        index = [(m.name, m.version, m.state) for m in client.get_model_repository_index().models]
        table.fact("RepositoryIndex", index == [(name, str(version), "READY")], str(index))


def model(table, target, name, version, expected):
    inputs, results = expected["serving_default"]
    with triton.InferenceServerClient(target) as client:
        told = client.get_model_metadata(name)
        table.fact("ModelMetadata", {t.name for t in told.inputs} == set(inputs)
                   and {t.name for t in told.outputs} == set(results)
                   and list(told.versions) == [str(version)], told.platform)
        config = client.get_model_config(name).config
        table.fact("ModelConfig", {t.name for t in config.input} == set(inputs)
                   and config.max_batch_size > 0,
                   f"max_batch_size {config.max_batch_size}, preferred "
                   f"{list(config.dynamic_batching.preferred_batch_size)}")


def infer(table, target, name, version, expected):
    with triton.InferenceServerClient(target) as client:
        for signature, (inputs, results) in expected.items():
            reply = client.infer(name, tensors(inputs), request_id=signature,
                                 parameters={"signature": signature}, client_timeout=PATIENCE)
            table.compare(f"ModelInfer {signature}", outputs(reply, results), results,
                          IN_TENSORFLOW)
            told = reply.get_response()
            table.fact(f"ModelInfer {signature}: reply",
                       (told.id, told.model_name, told.model_version)
                       == (signature, name, str(version)), f"{told.id} {told.model_version}")


def parameters(table, target, name, version, expected):
    seeds = {"seed": np.array([1, 2], np.int64)}
    inputs = {**seeds, "steps": np.full(2, STEPS, np.int32), "eta": np.zeros(2, np.float32)}
    with triton.InferenceServerClient(target) as client:
        wanted = [triton.InferRequestedOutput("x0")]
        whole = client.infer(name, tensors(inputs), outputs=wanted)
        short = client.infer(name, tensors(seeds), outputs=wanted, priority=1, timeout=60_000_000,
                             parameters={"steps": STEPS, "eta": 0})
        table.compare("parameters in place of inputs", {"x0": short.as_numpy("x0")},
                      {"x0": whole.as_numpy("x0")}, IN_TENSORFLOW)
        table.fact("one output", short.as_numpy("images") is None, "")


def callbacks(table, target, name, version, expected):
    inputs, results = expected["serving_default"]
    done = queue.Queue()
    with triton.InferenceServerClient(target) as client:
        for i in range(8):
            client.async_infer(name, tensors(inputs), lambda result, error: done.put(
                (result, error)), request_id=str(i))
        got = [done.get(timeout=PATIENCE) for _ in range(8)]
    bad = [error for _, error in got if error]
    table.fact("async_infer of 8", not bad, str(bad or ""))
    for result, _ in got[:1]:
        table.compare("async_infer", outputs(result, results), results, IN_TENSORFLOW)


def stream(table, target, name, version, expected):
    inputs, results = expected["serving_default"]
    replies = queue.Queue()
    with triton.InferenceServerClient(target) as client:
        client.start_stream(lambda result, error: replies.put((result, error)))
        client.async_stream_infer(name, tensors(inputs), request_id="previews",
                                  parameters={"preview_after": "2,4"},
                                  enable_empty_final_response=True)
        client.async_stream_infer("no-model", tensors(inputs), request_id="bad")
        client.async_stream_infer(name, tensors(inputs), request_id="after")
        previews = []
        while True:
            result, error = replies.get(timeout=PATIENCE)
            told = result.get_response() if result else None
            if error or told.parameters["triton_final_response"].bool_param:
                break
            previews.append((told.parameters["row"].int64_param,
                             told.parameters["steps"].int64_param))
        # The second row has 3 steps.
        table.fact("ModelStreamInfer: previews",
                   sorted(previews) == [(0, 2), (0, 4), (1, 2), (2, 2), (2, 4)], str(previews))
        table.compare("ModelStreamInfer: the final reply", outputs(result, results), results,
                      IN_TENSORFLOW)
        _, error = replies.get(timeout=PATIENCE)
        table.fact("ModelStreamInfer: an error", error is not None and "Request for unknown model"
                   in error.message(), str(error))
        result, error = replies.get(timeout=PATIENCE)
        table.fact("ModelStreamInfer: goes on", error is None
                   and result.get_response().id == "after", str(error or ""))
        client.async_stream_infer(name, tensors({**inputs, "steps": inputs["steps"] * 0 + 1000,
                                                  "eta": inputs["eta"] * 0}))
        client.stop_stream(cancel_requests=True)
        # What the stream has asked for last would take minutes.
        reply = client.infer(name, tensors(inputs), client_timeout=PATIENCE)
        table.compare("ModelInfer after a stream is cancelled", outputs(reply, results), results,
                      IN_TENSORFLOW)


def statistics(table, target, name, version, expected):
    inputs, _ = expected["serving_default"]
    with triton.InferenceServerClient(target) as client:
        def told():
            return client.get_inference_statistics(name).model_stats[0]
        before = told()
        client.infer(name, tensors(inputs))
        after = told()
        rows = after.inference_count - before.inference_count
        calls = after.execution_count - before.execution_count
        done = after.inference_stats.success.count - before.inference_stats.success.count
        table.fact("ModelStatistics", (rows, done) == (len(inputs["seed"]), 1) and calls > 0,
                   f"{rows} rows of {done} request in {calls} graph calls")


def control(table, target, name, version, expected):
    """The server polls its folder, so clients may not change what is served."""
    with triton.InferenceServerClient(target) as client:
        words = "explicit model load / unload is not allowed if polling is enabled"
        refusal(table, "RepositoryModelLoad", lambda: client.load_model(name), "UNAVAILABLE", words)
        refusal(table, "RepositoryModelUnload", lambda: client.unload_model(name), "UNAVAILABLE",
                words)


def errors(table, target, name, version, expected):
    inputs, _ = expected["serving_default"]
    with triton.InferenceServerClient(target) as client:
        def refused(cell, code, words, given=inputs, model=name, **more):
            refusal(table, cell, lambda: client.infer(model, tensors(given), **more), code, words)

        refused("another model", "NOT_FOUND", "Request for unknown model: 'no-model' is not found",
                model="no-model")
        refused("another version", "NOT_FOUND", "version 99 is not found", model_version="99")
        refused("a version that is none", "INVALID_ARGUMENT",
                "failed to get model version from specified version string 'new'",
                model_version="new")
        refused("an input less", "INVALID_ARGUMENT", "missing required input(s) ['eta']",
                {key: value for key, value in inputs.items() if key != "eta"})
        refused("another input", "INVALID_ARGUMENT", "unexpected inference input 'z'",
                {"z" if key == "eta" else key: value for key, value in inputs.items()})
        refused("another type", "INVALID_ARGUMENT", "inference input 'seed' data-type is 'FP32'",
                {**inputs, "seed": inputs["eta"]})
        refused("another shape", "INVALID_ARGUMENT", "unexpected shape for input 'seed'",
                {**inputs, "seed": inputs["seed"][:, None]})
        refused("rows that differ", "INVALID_ARGUMENT", "batch size does not match other inputs",
                {**inputs, "seed": inputs["seed"][:2]})
        refused("another output", "INVALID_ARGUMENT", "unexpected inference output 'z'",
                outputs=[triton.InferRequestedOutput("z")])
        refused("too many steps", "INVALID_ARGUMENT", "steps must be from 1 to",
                {**inputs, "steps": inputs["steps"] + 1000})
        refused("a deadline", "DEADLINE_EXCEEDED", "",
                {**inputs, "steps": inputs["steps"] * 0 + 1000}, client_timeout=0.5)


CHECKS = (server, model, infer, parameters, callbacks, stream, statistics, control, errors)
