"""Clients that say what is served, by tritonclient and tensorflow-serving-api.

The repository has two versions of the model, and at first none is loaded.
"""

import grpc
import tensorflow as tf
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_status_pb2, model_management_pb2, model_service_pb2_grpc, predict_pb2,
    prediction_service_pb2_grpc)

from cells import IN_TENSORFLOW
from .expect import refusal
from .triton import outputs, tensors

CLIENT = "in control"
PATIENCE = 300


def loading(table, target, name, version, expected):
    inputs, results = expected["latent"]
    newest = str(version + 1)
    health = health_pb2_grpc.HealthStub(grpc.insecure_channel(target))

    def index():
        return [(m.version, m.state) for m in client.get_model_repository_index().models]

    def served():
        return health.Check(health_pb2.HealthCheckRequest(service=name)).status

    with triton.InferenceServerClient(target) as client:
        table.fact("ServerReady before anything is loaded", client.is_server_ready(), "")
        table.fact("RepositoryIndex of what may be loaded", index() == [("", "")], str(index()))
        refusal(table, "ModelInfer before it is loaded",
                lambda: client.infer(name, tensors(inputs)), "NOT_FOUND", "unknown model")
        client.load_model(name, client_timeout=PATIENCE)
        table.fact("RepositoryModelLoad", client.is_model_ready(name)
                   and index() == [(newest, "READY")]
                   and served() == health_pb2.HealthCheckResponse.SERVING, str(index()))
        reply = client.infer(name, tensors(inputs), parameters={"signature": "latent"})
        table.compare("ModelInfer once it is loaded", outputs(reply, results), results,
                      IN_TENSORFLOW)
        client.unload_model(name, client_timeout=PATIENCE)
        table.fact("RepositoryModelUnload", not client.is_model_ready(name)
                   and served() == health_pb2.HealthCheckResponse.NOT_SERVING, str(index()))
        refusal(table, "RepositoryModelUnload again", lambda: client.unload_model(name),
                "INVALID_ARGUMENT", "Model to be unloaded has not been served")
        refusal(table, "RepositoryModelLoad of no model", lambda: client.load_model("no-model"),
                "INTERNAL", "failed to load 'no-model', failed to poll from model repository")
        refusal(table, "RepositoryModelLoad from elsewhere",
                lambda: client.load_model(f"../{name}"), "INVALID_ARGUMENT",
                "must not contain path traversal characters")


def versions(table, target, name, version, expected):
    models = model_service_pb2_grpc.ModelServiceStub(grpc.insecure_channel(target))
    predictions = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(target))
    inputs, _ = expected["latent"]
    newest = version + 1

    def serve(policy, labels):
        message = model_management_pb2.ReloadConfigRequest()
        config = message.config.model_config_list.config.add(
            name=name, model_platform="tensorflow", version_labels=labels)
        policy(config.model_version_policy)
        models.HandleReloadConfigRequest(message, PATIENCE)

    def available():
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = name
        states = models.GetModelStatus(request, PATIENCE).model_version_status
        return sorted(s.version for s in states
                      if s.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE)

    def predict(label):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.model_spec.signature_name = "latent"
        request.model_spec.version_label = label
        request.inputs["seed"].CopyFrom(tf.make_tensor_proto(inputs["seed"]))
        return predictions.Predict(request, PATIENCE).model_spec.version.value

    serve(lambda policy: policy.all.SetInParent(), {"stable": version, "canary": newest})
    table.fact("all versions", available() == [version, newest], str(available()))
    table.fact("Predict of labels", (predict("stable"), predict("canary")) == (version, newest), "")
    serve(lambda policy: policy.specific.versions.append(version), {"stable": version})
    table.fact("a specific version", available() == [version], str(available()))
    refusal(table, "Predict of a label that has gone", lambda: predict("canary"),
            "INVALID_ARGUMENT", "Unrecognized servable version label: canary")
    serve(lambda policy: setattr(policy.latest, "num_versions", 1), {"stable": newest})
    table.fact("the latest version", available() == [newest] and predict("stable") == newest,
               str(available()))


CHECKS = (loading, versions)
