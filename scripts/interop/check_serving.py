"""The rules of TensorFlow Serving for a model's folder: check_serving.py VERSION_DIR NAME."""

import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry
from tensorflow_serving.apis import prediction_log_pb2

from cells import SIGNATURES, Table

TRAINING = ("Assign", "Apply", "SaveV2", "RestoreV2", "Variable", "VarHandleOp", "Backprop", "Grad")


def nodes(meta):
    yield from meta.graph_def.node
    for function in meta.graph_def.library.function:
        yield from function.node_def


def signatures(table, meta):
    defs = meta.signature_def
    table.fact("signatures", set(defs) == set(SIGNATURES), ", ".join(sorted(defs)))
    methods = {d.method_name for d in defs.values()}
    table.fact("method_name", methods == {"tensorflow/serving/predict"}, ", ".join(methods))
    first = {
        f"{name}.{key}": [d.size for d in info.tensor_shape.dim][:1]
        for name, d in defs.items()
        for tensors in (d.inputs, d.outputs) for key, info in tensors.items()}
    other = {key: size for key, size in first.items() if size != [-1]}
    table.fact("dimension 0 is the batch", not other, f"{len(first)} tensors {other or ''}")


def graph(table, meta):
    info = meta.meta_info_def
    table.fact("tags", list(info.tags) == ["serve"], ", ".join(info.tags))
    versions = meta.graph_def.versions
    table.fact("versions", bool(info.tensorflow_version and versions.producer),
               f"TensorFlow {info.tensorflow_version}, producer {versions.producer}, "
               f"min_consumer {versions.min_consumer}")
    training = sorted({n.op for n in nodes(meta) if any(word in n.op for word in TRAINING)})
    table.fact("no training operation", not training, ", ".join(training))
    defaults = [
        f"{node.op}.{attr.name}" for node in nodes(meta)
        for attr in op_def_registry.get(node.op).attr
        if attr.HasField("default_value") and attr.name in node.attr
        and node.attr[attr.name] == attr.default_value]
    table.fact("default attributes stripped", info.stripped_default_attrs and not defaults,
               f"flag {info.stripped_default_attrs} {sorted(set(defaults)) or ''}")


def warm_up(table, folder):
    """Replays the file of warm-up requests as the server does."""
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    loaded = tf.saved_model.load(str(folder)).signatures
    called = []
    for record in tf.data.TFRecordDataset(str(file)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        inputs = {name: tf.constant(tf.make_ndarray(tensor))
                  for name, tensor in request.inputs.items()}
        outputs = loaded[request.model_spec.signature_name](**inputs)
        finite = all(np.isfinite(value.numpy()).all() for value in outputs.values())
        called.append(request.model_spec.signature_name + ("" if finite else " (not finite)"))
    table.fact("warm-up requests", sorted(set(called)) == sorted(SIGNATURES),
               f"{len(called)} requests: {', '.join(called)}")


def main(folder, name):
    folder = pathlib.Path(folder)
    table = Table("Serving's rules", name)
    table.fact("version folder", folder.name.isdigit(), folder.name)
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    table.fact("one meta graph", len(saved.meta_graphs) == 1, str(len(saved.meta_graphs)))
    meta = saved.meta_graphs[0]
    signatures(table, meta)
    graph(table, meta)
    table.attempt("warm-up requests", lambda: warm_up(table, folder))
    table.exit()


if __name__ == "__main__":
    main(*sys.argv[1:])
