"""Runs a SavedModel in Python's TensorFlow: check_tensorflow.py MODEL_DIR REFERENCE NAME [PART]...

The parts are load (`tf.saved_model.load`), cli (`saved_model_cli run`) and keras (`TFSMLayer`).
"""

import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

from cells import BATCHES, IN_TENSORFLOW, SIGNATURES, Case, Table


def load(table, model, reference):
    signatures = tf.saved_model.load(model).signatures
    table.fact("tf.saved_model.load", set(signatures) == set(SIGNATURES), ", ".join(signatures))
    for signature in SIGNATURES:
        for batch in BATCHES:
            cell = f"load, {signature} B={batch}"
            case = Case(reference, signature, batch)
            inputs = {name: tf.constant(value) for name, value in case.inputs.items()}
            outputs = table.attempt(cell, lambda: signatures[signature](**inputs))
            if outputs is not None:
                got = {name: value.numpy() for name, value in outputs.items()}
                table.compare(cell, got, case.outputs, IN_TENSORFLOW)


def command_line(table, model, reference):
    """`saved_model_cli run`, the program that comes with TensorFlow."""
    for signature, batch in itertools.product(SIGNATURES, BATCHES):
        cell = f"saved_model_cli, {signature} B={batch}"
        case = Case(reference, signature, batch)
        with tempfile.TemporaryDirectory() as out:
            files = pathlib.Path(reference) / f"{signature}-{batch}"
            inputs = ";".join(f"{name}={files}/in.{name}.npy" for name in case.inputs)
            # By its module: the program's first line has the path where it was installed.
            call = [sys.executable, "-c",
                    "from tensorflow.python.tools.saved_model_cli import main; main()",
                    "run", "--dir", model, "--tag_set", "serve", "--signature_def", signature,
                    "--inputs", inputs, "--outdir", out]
            done = subprocess.run(call, capture_output=True, text=True)
            if done.returncode:
                table.fact(cell, False, f"{done.stderr.strip().splitlines()[-1:]}")
                continue
            got = {file.stem: np.load(file) for file in pathlib.Path(out).glob("*.npy")}
            table.compare(cell, got, case.outputs, IN_TENSORFLOW)


def keras_layer(table, model, reference):
    """The layer takes one input by place: of several, the first by name.

    TensorFlow 2.17 takes none by place where a signature has several, so there the layer cannot
    call `serving_default`, whoever exported it.
    """
    layer = tf.keras.layers.TFSMLayer(model, call_endpoint="serving_default")
    for batch in BATCHES:
        cell = f"TFSMLayer, serving_default B={batch}"
        case = Case(reference, "serving_default", batch)
        first, *others = sorted(case.inputs)
        keywords = {name: tf.constant(case.inputs[name]) for name in others}
        outputs = table.attempt(cell, lambda: layer(case.inputs[first], **keywords))
        if outputs is not None:
            got = {name: value.numpy() for name, value in outputs.items()}
            table.compare(cell, got, case.outputs, IN_TENSORFLOW)


PARTS = {"load": load, "cli": command_line, "keras": keras_layer}


def main(model, reference, name, *parts):
    table = Table(f"TensorFlow {tf.__version__}", name)
    for part in parts or PARTS:
        table.attempt(part, lambda: PARTS[part](table, model, reference))
    table.exit()


if __name__ == "__main__":
    main(*sys.argv[1:])
