"""KServe's client against a server of ours: check_kserve.py PORT MODEL EXPECTED.

EXPECTED is a file of check_clients.py: inputs of serving_default, and what TensorFlow makes of them.
"""

import asyncio
import sys

import grpc
import numpy as np
from kserve import InferInput, InferRequest
from kserve.inference_client import InferenceGRPCClient
from kserve.logging import logger

from cells import IN_TENSORFLOW, Table

DATATYPES = {"int64": "INT64", "int32": "INT32", "float32": "FP32"}


def request(model, inputs, raw):
    """Tensors as bytes, or as lists of numbers."""
    given = []
    for name, value in inputs.items():
        tensor = InferInput(name, list(value.shape), DATATYPES[str(value.dtype)])
        tensor.set_data_from_numpy(value, binary_data=raw)
        given.append(tensor)
    return InferRequest(model, given, request_id="kserve")


async def check(table, target, model, inputs, results):
    async with InferenceGRPCClient(target, retries=0, channel_args=[
            ("grpc.max_receive_message_length", -1)]) as client:
        ready = [await client.is_server_live(), await client.is_server_ready(),
                 await client.is_model_ready(model)]
        table.fact("ServerLive, ServerReady, ModelReady", all(ready), str(ready))
        for raw in (True, False):
            reply = await client.infer(request(model, inputs, raw))
            got = {output.name: output.as_numpy() for output in reply.outputs}
            table.compare(f"ModelInfer of {'bytes' if raw else 'numbers'}", got, results,
                          IN_TENSORFLOW)
            table.fact("the id comes back", reply.id == "kserve", reply.id)
        try:
            await client.infer(request("no-model", inputs, True))
            table.fact("another model", False, "was not refused")
        except grpc.RpcError as error:
            table.fact("another model", error.code() == grpc.StatusCode.NOT_FOUND
                       and "Request for unknown model" in error.details(), error.details())


def main(port, model, expected):
    logger.setLevel("CRITICAL")  # it has a stack trace for what is refused
    with np.load(expected) as stored:
        parts = {part: {key.split(".")[1]: stored[key] for key in stored.files
                        if key.startswith(part)} for part in ("in", "out")}
    table = Table("kserve", model)
    table.attempt("KServe's client", lambda: asyncio.run(
        check(table, f"localhost:{port}", model, parts["in"], parts["out"])))
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
