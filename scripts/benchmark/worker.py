"""The protocol of a side of the benchmark, so that runs of several programs can take turns.

A line in is a job, a line out its answer: `ok SECONDS NUMBERS...` or `error TEXT`. A job that has
not been seen is prepared and run twice, then for two seconds more, before it is timed: Java compiles
what runs often. One that is short is run several times, and SECONDS is the mean. NUMBERS are eight
of the numbers made, in the order of NHWC. `drop` frees all jobs, `version` answers with a text.
"""

import gc
import math
import sys
import time

import numpy as np

SHORTEST_TIMING = 0.05
WARM_UP = 2.0
PROBES = 8


def numbers(*shape):
    """The same numbers in [-1, 1] on every side."""
    count = np.arange(int(np.prod(shape)), dtype=np.int64)
    return (count * 7919 % 2001 / 1000.0 - 1).astype(np.float32).reshape(shape)


def serve(version, prepare):
    """Answers jobs: `prepare(words)` makes a function that returns an array in NHWC, or None."""
    out = sys.stdout
    sys.stdout = sys.stderr  # libraries print
    jobs = {}
    for line in sys.stdin:
        line = line.strip()
        try:
            if line == "version":
                answer = f"ok 0 {version}"
            elif line == "drop":
                jobs.clear()
                gc.collect()
                answer = "ok 0"
            else:
                answer = timed(jobs, line, prepare)
        except Exception as e:
            answer = "error " + " ".join(f"{type(e).__name__}: {e}".split())
        print(answer, file=out, flush=True)


def timed(jobs, line, prepare):
    if line not in jobs:
        job = prepare(line.split())
        job()
        start = time.perf_counter()
        job()
        seconds = time.perf_counter() - start
        for _ in range(int(WARM_UP / seconds)):
            job()
        jobs[line] = job, max(1, math.ceil(SHORTEST_TIMING / seconds))
    job, runs = jobs[line]
    start = time.perf_counter()
    for _ in range(runs):
        made = job()
    seconds = (time.perf_counter() - start) / runs
    probes = []
    if made is not None:
        flat = np.asarray(made, np.float32).reshape(-1)
        probes = [str(flat[i * (len(flat) // PROBES)]) for i in range(PROBES)]
    return " ".join([f"ok {seconds:.9f}", *probes])
