"""grpcio's own services: health and reflection."""

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase)

from .expect import refusal

CLIENT = "grpcio"

SERVICES = ("ddim.v1.SamplingService", "tensorflow.serving.PredictionService",
            "tensorflow.serving.ModelService", "inference.GRPCInferenceService",
            "grpc.health.v1.Health")


def health(table, target, name, version, expected):
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(target))
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ("", *SERVICES[:-1], name, f"{name}/{version}"):
        reply = stub.Check(health_pb2.HealthCheckRequest(service=service))
        table.fact(f"Check {service or 'of all'}", reply.status == serving, "")
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=name))
    table.fact("Watch", next(iter(watch)).status == serving, "")
    watch.cancel()
    refusal(table, "Check of no service", lambda: stub.Check(health_pb2.HealthCheckRequest(
        service="no-service")), "NOT_FOUND")


def reflection(table, target, name, version, expected):
    database = ProtoReflectionDescriptorDatabase(grpc.insecure_channel(target))
    found = database.get_services()
    table.fact("services", set(SERVICES) <= set(found), f"{len(found)} services")
    pool = DescriptorPool(database)
    for service in SERVICES:
        methods = [m.name for m in pool.FindServiceByName(service).methods]
        table.fact(f"methods of {service.split('.')[-1]}", bool(methods), ", ".join(methods))


CHECKS = (health, reflection)
