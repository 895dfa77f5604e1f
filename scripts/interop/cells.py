"""The cells of the table that `verify` prints: what is compared, and how."""

import pathlib
import sys

import numpy as np

SIGNATURES = ("serving_default", "sample", "trajectory", "latent", "predict_noise")
BATCHES = (1, 7)

IN_TENSORFLOW = 1e-5
ELSEWHERE = 1e-3
IMPORTED_EPS = 1e-4
IMPORTED_TRAJECTORY = 1e-3
# 8-bit pixels round x0: where a runtime differs in the last digit they may fall to either side.
PIXELS = 1


class Case:
    """Inputs of a signature and what this project's own runtime makes of them."""

    def __init__(self, reference, signature, batch):
        folder = pathlib.Path(reference) / f"{signature}-{batch}"
        self.inputs = _arrays(folder, "in")
        self.outputs = _arrays(folder, "out")


def _arrays(folder, direction):
    files = sorted(folder.glob(f"{direction}.*.npy"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no {direction}.*.npy")
    return {file.name.split(".")[1]: np.load(file) for file in files}


class Table:
    """Prints one line a cell and remembers whether one fell short."""

    def __init__(self, runtime, model):
        self.runtime = runtime
        self.model = model
        self.failed = 0

    def compare(self, cell, actual, expected, bound):
        """One cell: all outputs of a call against the expected ones."""
        if set(actual) != set(expected):
            self.fact(cell, False, f"outputs {sorted(actual)}, should be {sorted(expected)}")
            return
        worst, parts, ok = 0.0, [], True
        for name in sorted(expected):
            got, want = np.asarray(actual[name]), expected[name]
            if got.shape != want.shape or got.dtype != want.dtype:
                self.fact(cell, False, f"{name} is {got.dtype}{got.shape}, "
                                       f"should be {want.dtype}{want.shape}")
                return
            if want.dtype == np.uint8:
                levels = int(np.abs(got.astype(int) - want.astype(int)).max())
                ok &= levels <= PIXELS
                parts.append(f"{name} {levels} of {PIXELS} levels")
            else:
                difference = float(np.abs(got - want).max() / np.abs(want).max())
                ok &= difference <= bound  # false for what is not a number
                worst = float(np.maximum(worst, difference))  # of NaN and a number, NaN
        self.fact(cell, ok, ", ".join([f"difference {worst:.1e} of {bound:.0e}", *parts]))

    def fact(self, cell, ok, text):
        """One cell that holds or does not."""
        self.failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'}  {self.model:<22}{self.runtime:<21}{cell:<37}{text}",
              flush=True)

    def attempt(self, cell, action):
        """Runs what fills a cell; an exception is a cell that fell short."""
        try:
            return action()
        except Exception as e:  # whatever a runtime may throw
            first = next(iter(str(e).strip().splitlines()), "")
            self.fact(cell, False, f"{type(e).__name__}: {first[:300]}")
            return None

    def exit(self):
        sys.exit(1 if self.failed else 0)
