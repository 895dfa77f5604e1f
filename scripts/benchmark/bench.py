"""The parts of scripts/bench: which jobs run in turns, and what is said of them."""

import argparse
import pathlib
import sys
import tempfile

import machine
from models import Models
from results import Results, Row
from sides import Sides

GEMM_SIZE = 2048
BATCHES = (1, 8, 32)
MODELS = ("fashion-mnist", "cifar10")
TRAIN_BATCH = 64
REQUEST_STEPS = 5
WARM_UP = 1000


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.models = Models(options.root, folder)
        self.sides = Sides(options)
        self.results = Results(options.root / "scripts" / "bench-results.md")

    def turns(self, jobs, repetitions=None, pause=0.05):
        return self.sides.turns(jobs, repetitions or self.options.repetitions, pause)

    def unet(self):
        """One evaluation of the network: `predict_noise`, and the same of the peers."""
        for name in self.options.models:
            model = self.models.get(name)
            flops = self.sides.ask("torch", f"flops {model.diffusers}").numbers[0]
            for batch in BATCHES:
                if self.options.quick and name == "cifar10" and batch == 32:
                    continue
                jobs = {
                    "ours": ("java", f"unet {model.saved} {batch} float32"),
                    "ours, bfloat16": ("java", f"unet {model.saved} {batch} bfloat16"),
                    "Python TensorFlow": ("tensorflow", f"unet {model.saved} {batch} float32"),
                    "ONNX Runtime": ("onnx", f"unet {model.onnx} {batch}"),
                    "OpenVINO": ("openvino", f"unet {model.openvino} {batch} float32"),
                    "OpenVINO, bfloat16": ("openvino", f"unet {model.openvino} {batch} bfloat16"),
                    "matrix product": ("java", f"gemm {GEMM_SIZE}"),
                    "matrix product, PyTorch": ("torch", f"gemm {GEMM_SIZE}"),
                }
                for precision in ("float32", "bfloat16"):
                    for variant in ("eager", "eager channels-last", "compile channels-last"):
                        if self.options.quick and precision == "bfloat16" and "comp" not in variant:
                            continue
                        label = f"PyTorch {variant}"
                        label += ", bfloat16" if precision == "bfloat16" else ""
                        word = variant.replace(" ", "-")
                        jobs[label] = (
                            "torch", f"unet {model.diffusers} {batch} {precision} {word}")
                times = self.turns(jobs)
                peak = max(2 * GEMM_SIZE**3 / min(times[key].seconds)
                           for key in list(jobs) if key.startswith("matrix") and times[key].ok)
                rows = []
                for label in jobs:
                    if label.startswith("matrix"):
                        continue
                    took = times[label]
                    share = flops * batch / took.median / peak if took.ok else 0
                    alike = took.likeness(times["ours"], 0.05 if "bf" in label else 1e-3)
                    rows.append(Row(label, took, [f"{100 * share:.0f} %", alike]))
                self.results.table(
                    "unet", f"{name}, one evaluation, batch {batch}: {flops * batch / 1e9:.2f} "
                    f"GFLOP; matrix product {peak / 1e9:.0f} GFLOP/s", rows, "ours",
                    ["of the peak", "numbers"])
                self.sides.drop()

    def trajectory(self):
        """One graph call against one call a step, and against the peers' loops. The weights of
        cifar10 are random, and long trajectories of such a network chaotic: last bits grow."""
        plan = [("fashion-mnist", 1, 20), ("fashion-mnist", 1, 50), ("fashion-mnist", 32, 20),
                ("cifar10", 1, 20)]
        if not self.options.quick:
            plan += [("fashion-mnist", 32, 50), ("cifar10", 1, 50), ("cifar10", 32, 20)]
        for name, batch, steps in plan:
            if name not in self.options.models:
                continue
            model = self.models.get(name)
            jobs = {
                "one call": ("java", f"advance {model.saved} {batch} {steps} {steps}"),
                "one call a step": ("java", f"advance {model.saved} {batch} {steps} 1"),
                "one call, signature sample": ("java", f"sample {model.saved} {batch} {steps}"),
                "Python TensorFlow": ("tensorflow", f"sample {model.saved} {batch} {steps}"),
                "DDIMPipeline": ("torch", f"pipeline {model.diffusers} {batch} {steps}"),
                "ONNX Loop": ("onnx", f"sample {model.onnx_sample} {batch} {steps}"),
            }
            times = self.turns(jobs)
            rows = [Row(label, times[label], [times[label].likeness(times["one call"], 2e-3)])
                    for label in jobs]
            self.results.table("trajectory", f"{name}, {steps} steps, batch {batch}", rows,
                               "one call", ["numbers"])
            self.sides.drop()

    def training(self):
        """A step of the Fashion-MNIST recipe: loss, gradients, Adam, moving average."""
        model = self.models.get("fashion-mnist")
        jobs = {"ours": ("java", f"train {self.models.recipe('float32', TRAIN_BATCH)}"),
                "ours, bfloat16": ("java", f"train {self.models.recipe('bfloat16', TRAIN_BATCH)}"),
                "PyTorch": ("torch", f"train {model.diffusers} {TRAIN_BATCH}")}
        times = self.turns(jobs)
        self.results.table("training", f"fashion-mnist, batch {TRAIN_BATCH}",
                           [Row(label, times[label], []) for label in jobs], "ours", [])
        self.sides.drop()

    def server(self):
        """A request over the network against the graph's calls, each right after one of its kind."""
        model = self.models.get("fashion-mnist")
        with machine.Server(self.options.root, model.repository) as server:
            for _ in range(WARM_UP):  # until Java has compiled what a request runs through
                self.sides.ask("java", f"ask {server.target} {model.name} 1 1")
                self.sides.ask("java", f"list {server.target}")
            for batch, pairs in ((1, 200), (32, 30)):
                pairs = pairs // 4 if self.options.quick else pairs
                jobs = {"the graph's call": (
                            "java", f"advance {model.saved} {batch} {REQUEST_STEPS} "
                            f"{REQUEST_STEPS}"),
                        "with that for its seeds' noise": (
                            "java", f"seeded {model.saved} {batch} {REQUEST_STEPS}"),
                        "a request": (
                            "java", f"ask {server.target} {model.name} {batch} {REQUEST_STEPS}"),
                        "a request that computes nothing": ("java", f"list {server.target}")}
                times = self.turns(jobs, pairs, 0)
                rows = [Row(label, times[label], [f"{1e3 * times[label].quantile(0.99):.2f}"])
                        for label in jobs]
                self.results.table(
                    "server", f"fashion-mnist, {REQUEST_STEPS} steps, batch {batch}, "
                    f"{pairs} of each", rows, "the graph's call", ["p99 ms"])
                self.sides.drop()

    def load(self):
        """Steady load: whole trajectories against segments against batches of one number of steps."""
        model = self.models.get("fashion-mnist")
        seconds = 4 if self.options.quick else 10
        table = self.models.ddim("bench", "segments", "--models", model.repository, "--model",
                                 model.name, "--seconds", seconds, "--max-batch-size", 32)
        self.results.add("load", ["", *table.splitlines()])

    def start(self):
        """From nothing to a picture, and what stays in memory."""
        model = self.models.get("fashion-mnist")
        repetitions = 3 if self.options.quick else self.options.repetitions
        rows = machine.first_pictures(self.options, model, repetitions)
        self.results.table("start", "process to first picture of 20 steps", rows, "scripts/ddim",
                           ["peak memory"])
        jobs = {"ours": ("java", f"load {model.saved}"),
                "Python TensorFlow": ("tensorflow", f"load {model.saved}")}
        times = self.turns(jobs)
        self.results.table("start", "loading the model in a running process",
                           [Row(label, times[label], []) for label in jobs], "ours", [])
        images = 320 if self.options.quick else 1024
        with machine.Server(self.options.root, model.repository) as server:
            facts = [("ready after", f"{server.ready:.1f} s"),
                     ("memory at rest", machine.megabytes(server.memory("VmRSS")))]
            ask = f"ask {server.target} {model.name} 32 {REQUEST_STEPS}"
            for done in range(32, images + 1, 32):
                self.sides.ask("java", ask)
                if done in (96, images):
                    facts.append((f"memory after {done} trajectories or more",
                                  machine.megabytes(server.memory("VmRSS"))))
            facts.append(("peak memory", machine.megabytes(server.memory("VmHWM"))))
        self.results.facts("start", "scripts/ddim serve", facts)
        self.sides.drop()


def main():
    parts = ("unet", "trajectory", "training", "server", "load", "start")
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller cases")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--model", dest="models", action="append", choices=MODELS,
                        help="of unet and trajectory (default: both)")
    parser.add_argument("--root", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--torch", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--classpath", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.models = options.models or MODELS
    for part in options.parts:
        if part not in parts:
            sys.exit(f"bench: no part '{part}'; there are {', '.join(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            bench.results.machine(machine.describe(bench.sides))
            for part in options.parts or parts:
                method = getattr(bench, part)
                bench.results.part(part, method.__doc__)
                method()
        finally:
            bench.sides.close()


if __name__ == "__main__":
    main()
