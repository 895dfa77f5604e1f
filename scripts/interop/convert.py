"""Converts a SavedModel for another runtime: convert.py onnx|openvino|tflite MODEL_DIR OUT_DIR.

One file a signature that the runtime can run: `predict_noise`, and `sample` with its whole loop.
The other signatures draw their noise in the graph, with operations that only TensorFlow has.
"""

import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

SIGNATURES = ("predict_noise", "sample")
OPSET = 18


def onnx_model(model, signature):
    """The ONNX model of a signature, its inputs and outputs named as in the signature.

    From the graph itself: the way through `tf.saved_model.load`, which `python -m tf2onnx.convert
    --saved-model` takes, cannot convert a loop whose body calls a function.
    """
    import tensorflow as tf
    import tf2onnx
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((pathlib.Path(model) / "saved_model.pb").read_bytes())
    meta = saved.meta_graphs[0]
    definition = meta.signature_def[signature]
    inputs = {info.name: name for name, info in definition.inputs.items()}
    outputs = {info.name: name for name, info in definition.outputs.items()}
    graph = tf.compat.v1.graph_util.extract_sub_graph(
        meta.graph_def, [name.split(":")[0] for name in outputs])
    converted, _ = tf2onnx.convert.from_graph_def(
        graph, name=signature, input_names=list(inputs), output_names=list(outputs), opset=OPSET,
        tensors_to_rename={**inputs, **outputs})
    return converted


def onnx(model, signature, out):
    import onnx as library

    file = out / f"{signature}.onnx"
    library.save(onnx_model(model, signature), file)
    return file


def openvino(model, signature, out):
    import openvino
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        converted = openvino.convert_model(onnx(model, signature, pathlib.Path(folder)))
        file = out / f"{signature}.xml"
        openvino.save_model(converted, file, compress_to_fp16=False)
    return file


def tflite(model, signature, out):
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(model), signature_keys=[signature], tags={"serve"})
    file = out / f"{signature}.tflite"
    file.write_bytes(converter.convert())
    return file


def main(target, model, out):
    converters = {"onnx": onnx, "openvino": openvino, "tflite": tflite}
    if target not in converters:
        sys.exit(f"no runtime '{target}'; there are {', '.join(converters)}")
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for signature in SIGNATURES:
        print(converters[target](model, signature, out))


if __name__ == "__main__":
    main(*sys.argv[1:])
