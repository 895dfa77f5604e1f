"""tritonclient.grpc.aio."""

import asyncio

import tritonclient.grpc.aio as triton

from cells import IN_TENSORFLOW
from .expect import status
from .triton import outputs, tensors

CLIENT = "tritonclient aio"


def infer(table, target, name, version, expected):
    inputs, results = expected["serving_default"]

    async def calls():
        async with triton.InferenceServerClient(target) as client:
            live = await client.is_server_live() and await client.is_model_ready(name)
            table.fact("ServerLive, ModelReady", live, "")
            replies = await asyncio.gather(
                *(client.infer(name, tensors(inputs, triton.InferInput)) for _ in range(4)))
            table.compare("ModelInfer, 4 at once", outputs(replies[-1], results), results,
                          IN_TENSORFLOW)
            try:
                await client.infer("no-model", tensors(inputs, triton.InferInput))
                error = None
            except Exception as e:
                error = e
            return error

    error = asyncio.run(calls())
    code = status(error) if error else None
    table.fact("another model", code is not None and code[0] == "NOT_FOUND", str(code))


def stream(table, target, name, version, expected):
    inputs, results = expected["serving_default"]

    async def calls():
        async def requests():
            for i in range(3):
                yield {"model_name": name, "inputs": tensors(inputs, triton.InferInput),
                       "request_id": str(i)}

        found = []
        async with triton.InferenceServerClient(target) as client:
            async for result, error in client.stream_infer(requests()):
                found.append((result.get_response().id if result else str(error), result))
        return found

    found = asyncio.run(calls())
    ids = [which for which, _ in found]
    table.fact("ModelStreamInfer of 3", ids == ["0", "1", "2"], str(ids))
    table.compare("ModelStreamInfer", outputs(found[-1][1], results), results, IN_TENSORFLOW)


CHECKS = (infer, stream)
