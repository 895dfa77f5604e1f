"""The programs that are compared, and their taking turns."""

import dataclasses
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Answer:
    seconds: float
    numbers: list
    text: str


@dataclasses.dataclass
class Times:
    seconds: list
    numbers: list
    error: str = ""

    @property
    def ok(self):
        return not self.error

    @property
    def median(self):
        return statistics.median(self.seconds)

    def quantile(self, share):
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def likeness(self, other, bound):
        """Whether both made the same: the largest difference in units of the largest number."""
        if not (self.numbers and other.numbers):
            return "-"
        scale = max(abs(n) for n in other.numbers)
        difference = max(abs(a - b) for a, b in zip(self.numbers, other.numbers)) / scale
        return ("same" if difference <= bound else "DIFFER") + f", {difference:.0e}"


class Sides:
    """One process a side; only the one that was asked computes."""

    def __init__(self, options):
        java = ["java", "-cp", options.classpath, "-Dorg.bytedeco.javacpp.maxbytes=0",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", str(HERE / "Worker.java")]
        self.commands = {"java": java, "torch": [options.torch, str(HERE / "worker_torch.py")]}
        for side in ("tensorflow", "onnx", "openvino"):
            self.commands[side] = [sys.executable, str(HERE / f"worker_{side}.py")]
        self.running = {}

    def ask(self, side, line):
        if side not in self.running:
            self.running[side] = subprocess.Popen(
                self.commands[side], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, bufsize=1)
        process = self.running[side]
        process.stdin.write(line + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            del self.running[side]
            raise RuntimeError(f"{side} ended with code {process.wait()}")
        verdict, _, rest = answer.strip().partition(" ")
        if verdict != "ok":
            raise RuntimeError(rest)
        seconds, _, text = rest.partition(" ")
        numbers = [] if line == "version" else [float(word) for word in text.split()]
        return Answer(float(seconds), numbers, text)

    def turns(self, jobs, repetitions, pause):
        """Runs jobs `{label: (side, line)}`, one after the other, so often; who begins changes."""
        times = {}
        for label, (side, line) in jobs.items():
            try:
                times[label] = Times([], self.ask(side, line).numbers)
            except RuntimeError as e:
                times[label] = Times([], [], str(e))
                print(f"{label}: {e}", file=sys.stderr)
        labels = [label for label in jobs if times[label].ok]
        for repetition in range(repetitions):
            place = repetition % len(labels)
            for label in labels[place:] + labels[:place]:
                time.sleep(pause)  # threads of the one before stop spinning
                times[label].seconds.append(self.ask(*jobs[label]).seconds)
        return times

    def drop(self):
        for side in list(self.running):
            self.ask(side, "drop")

    def close(self):
        for process in self.running.values():
            process.stdin.close()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
