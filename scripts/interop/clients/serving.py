"""tensorflow-serving-api."""

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2, get_model_status_pb2, model_management_pb2, model_service_pb2_grpc,
    predict_pb2, prediction_service_pb2_grpc)

from cells import IN_TENSORFLOW
from .expect import STEPS, refusal

CLIENT = "tensorflow-serving"
PATIENCE = 120


def predictions(target):
    return prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(target))


def models(target):
    return model_service_pb2_grpc.ModelServiceStub(grpc.insecure_channel(target))


def request(name, inputs, signature="", **more):
    message = predict_pb2.PredictRequest(**more)
    message.model_spec.name = name
    message.model_spec.signature_name = signature
    for key, value in inputs.items():
        message.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return message


def predict(table, target, name, version, expected):
    for signature, (inputs, outputs) in expected.items():
        reply = predictions(target).Predict(request(name, inputs, signature), PATIENCE)
        got = {key: tf.make_ndarray(value) for key, value in reply.outputs.items()}
        table.compare(f"Predict {signature}", got, outputs, IN_TENSORFLOW)
        spec = reply.model_spec
        table.fact(f"Predict {signature}: spec",
                   (spec.name, spec.version.value, spec.signature_name)
                   == (name, version, signature),
                   f"{spec.name} {spec.version.value} {spec.signature_name}")


def defaults(table, target, name, version, expected):
    inputs, outputs = expected["serving_default"]
    message = request(name, inputs, output_filter=["x0"])
    message.model_spec.version.value = version
    reply = predictions(target).Predict(message, PATIENCE)
    table.compare("Predict one output of a version",
                  {key: tf.make_ndarray(value) for key, value in reply.outputs.items()},
                  {"x0": outputs["x0"]}, IN_TENSORFLOW)


def repeated(table, target, name, version, expected):
    inputs = {"seed": np.array([1, 2], np.int64), "steps": np.full(2, STEPS, np.int32),
              "eta": np.zeros(2, np.float32)}
    whole = predictions(target).Predict(request(name, inputs), PATIENCE)
    short = request(name, {"seed": inputs["seed"]})
    short.inputs["steps"].CopyFrom(tf.make_tensor_proto(STEPS, tf.int32, [2]))
    short.inputs["eta"].dtype = types_pb2.DT_FLOAT
    short.inputs["eta"].tensor_shape.dim.add().size = 2
    reply = predictions(target).Predict(short, PATIENCE)
    table.compare("Predict with values that repeat",
                  {"x0": tf.make_ndarray(reply.outputs["x0"])},
                  {"x0": tf.make_ndarray(whole.outputs["x0"])}, IN_TENSORFLOW)


def metadata(table, target, name, version, expected):
    message = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    message.model_spec.name = name
    reply = predictions(target).GetModelMetadata(message, PATIENCE)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    reply.metadata["signature_def"].Unpack(signatures)
    found = sorted(signatures.signature_def)
    table.fact("GetModelMetadata", found == sorted(expected), ", ".join(found))
    message.metadata_field[0] = "weights"
    refusal(table, "GetModelMetadata of a field", lambda: predictions(target).GetModelMetadata(
        message), "INVALID_ARGUMENT", "Metadata field weights is not supported")


def status(table, target, name, version, expected):
    message = get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = name
    reply = models(target).GetModelStatus(message, PATIENCE)
    state = get_model_status_pb2.ModelVersionStatus.State.Name
    found = [(s.version, state(s.state)) for s in reply.model_version_status]
    table.fact("GetModelStatus", found == [(version, "AVAILABLE")], str(found))
    message.model_spec.name = "no-model"
    refusal(table, "GetModelStatus of no model", lambda: models(target).GetModelStatus(message),
            "NOT_FOUND", "Could not find any versions of model no-model")


def errors(table, target, name, version, expected):
    inputs, _ = expected["serving_default"]

    def refused(cell, message, code, *words):
        refusal(table, cell, lambda: predictions(target).Predict(message, PATIENCE), code, *words)

    without = {key: value for key, value in inputs.items() if key != "eta"}
    labelled = request(name, inputs)
    labelled.model_spec.version_label = "canary"
    old = request(name, inputs)
    old.model_spec.version.value = 99
    huge = request(name, inputs)
    huge.inputs["seed"].tensor_shape.dim[0].size = 1 << 40
    cut = request(name, inputs)
    cut.inputs["seed"].tensor_content = b"1234567"
    refused("no model", predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec")
    refused("another model", request("no-model", inputs), "NOT_FOUND",
            "Servable not found for request: Latest(no-model)")
    refused("another version", old, "NOT_FOUND",
            f"Servable not found for request: Specific({name}, 99)")
    refused("another label", labelled, "INVALID_ARGUMENT",
            "Unrecognized servable version label: canary")
    refused("another signature", request(name, inputs, "paint"), "FAILED_PRECONDITION",
            'Serving signature key "paint" not found.')
    refused("an input less", request(name, without), "INVALID_ARGUMENT",
            "input size does not match signature", "Missing but required: {eta}")
    refused("another output", request(name, inputs, output_filter=["z"]), "INVALID_ARGUMENT",
            "output tensor alias not found in signature: z")
    refused("another type", request(name, {**inputs, "seed": inputs["eta"]}), "INVALID_ARGUMENT",
            "to be int64 but float is provided")
    refused("another shape", request(name, {**inputs, "seed": inputs["seed"][:, None]}),
            "INVALID_ARGUMENT", "seed")
    refused("rows that differ", request(name, {**inputs, "seed": inputs["seed"][:2]}),
            "INVALID_ARGUMENT", "equal 0th-dimension size")
    refused("more rows than there are", huge, "INVALID_ARGUMENT", "Task size 1099511627776")
    refused("content that was cut", cut, "INVALID_ARGUMENT", "tensor parsing error: seed")
    refused("no steps", request(name, {**inputs, "steps": inputs["steps"] * 0}),
            "INVALID_ARGUMENT", "steps must be from 1 to")
    refused("an eta that is no number", request(name, {**inputs, "eta": inputs["eta"] * np.nan}),
            "INVALID_ARGUMENT", "eta must be from 0 to 1")


def reload(table, target, name, version, expected):
    def serve(*configs):
        message = model_management_pb2.ReloadConfigRequest()
        message.config.model_config_list.SetInParent()
        for config in configs:
            message.config.model_config_list.config.add(model_platform="tensorflow", **config)
        return models(target).HandleReloadConfigRequest(message, PATIENCE)

    inputs, _ = expected["latent"]
    labelled = request(name, inputs, "latent")
    labelled.model_spec.version_label = "stable"
    reply = serve({"name": name, "version_labels": {"stable": version}})
    table.fact("HandleReloadConfigRequest: a label", reply.status.error_code == 0
               and predictions(target).Predict(labelled, PATIENCE).model_spec.version.value
               == version, "")
    refusal(table, "a label of no version",
            lambda: serve({"name": name, "version_labels": {"stable": 99}}), "FAILED_PRECONDITION")
    refusal(table, "a model elsewhere", lambda: serve({"name": name, "base_path": "/etc"}),
            "INVALID_ARGUMENT", "base_path()=/etc")
    refusal(table, "a model that is not there", lambda: serve({"name": "no-model"}), "NOT_FOUND")
    serve()
    refusal(table, "HandleReloadConfigRequest: nothing", lambda: predictions(target).Predict(
        request(name, inputs, "latent")), "NOT_FOUND", "Servable not found for request")
    serve({"name": name})
    reply = predictions(target).Predict(request(name, inputs, "latent"), PATIENCE)
    table.fact("HandleReloadConfigRequest: again", reply.model_spec.version.value == version, "")


def deadline(table, target, name, version, expected):
    inputs = {"seed": np.arange(16), "steps": np.full(16, 1000, np.int32),
              "eta": np.ones(16, np.float32)}
    refusal(table, "a deadline", lambda: predictions(target).Predict(request(name, inputs), 0.5),
            "DEADLINE_EXCEEDED")


CHECKS = (predict, defaults, repeated, metadata, status, errors, deadline, reload)
