"""Converts a SavedModel and runs it in other runtimes:
check_converted.py MODEL_DIR REFERENCE NAME [onnx|openvino|tflite]..."""

import pathlib
import sys
import tempfile

import convert
from cells import BATCHES, ELSEWHERE, Case, Table


def run(table, runtime, converter, model, reference, prepare):
    """Every signature and batch: `prepare` makes a function from inputs to outputs of a file."""
    table.runtime = runtime
    for signature in convert.SIGNATURES:
        with tempfile.TemporaryDirectory() as out:
            call = table.attempt(
                signature,
                lambda: prepare(converter(model, signature, pathlib.Path(out)), signature))
            for batch in BATCHES if call else ():
                cell = f"{signature} B={batch}"
                case = Case(reference, signature, batch)
                outputs = table.attempt(cell, lambda: call(case.inputs))
                if outputs is not None:
                    table.compare(cell, outputs, case.outputs, ELSEWHERE)


def onnx_runtime(table, model, reference):
    import onnx
    import onnxruntime

    def prepare(file, signature):
        loops = sum(node.op_type == "Loop" for node in onnx.load(file).graph.node)
        wanted = 1 if signature == "sample" else 0
        table.fact(f"{signature} as ONNX", loops == wanted, f"{loops} Loop")
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda inputs: dict(zip(names, session.run(None, inputs)))

    run(table, f"ONNX Runtime {onnxruntime.__version__}", convert.onnx, model, reference, prepare)


def openvino(table, model, reference):
    import openvino as ov

    def prepare(file, _):
        # Without the hint a CPU with bfloat16 uses it, and differs by some percent.
        compiled = ov.compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda inputs: {
            key.get_any_name(): value for key, value in compiled(inputs).items()}

    run(table, f"OpenVINO {ov.__version__.split('-')[0]}", convert.openvino, model, reference,
        prepare)


def tflite(table, model, reference):
    import tensorflow as tf

    def prepare(file, signature):
        runner = tf.lite.Interpreter(model_path=str(file)).get_signature_runner(signature)
        return lambda inputs: runner(**inputs)

    run(table, f"TFLite {tf.__version__}", convert.tflite, model, reference, prepare)


RUNTIMES = {"onnx": onnx_runtime, "openvino": openvino, "tflite": tflite}


def main(model, reference, name, *runtimes):
    table = Table("", name)
    for runtime in runtimes or RUNTIMES:
        RUNTIMES[runtime](table, model, reference)
    table.exit()


if __name__ == "__main__":
    main(*sys.argv[1:])
