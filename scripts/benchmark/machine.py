"""The machine, and the processes that are measured from outside."""

import datetime
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time

from results import Row
from sides import HERE, Times


def describe(sides):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    flags = re.search(r"flags\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    features = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16")
                if flags and name in flags[1].split()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [sides.ask(side, "version").text for side in sides.commands]
    return [f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, all of them used by"
            f" every side; {', '.join(features)}; {memory:.0f} GiB",
            f"{platform.system()} {platform.release()}, {datetime.date.today()}, load "
            f"{os.getloadavg()[0]:.1f} at the beginning",
            "; ".join(versions)]


def megabytes(size):
    return f"{size / 2**20:.0f} MiB"


def first_pictures(options, model, repetitions):
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "scripts/ddim": [
                options.root / "scripts" / "ddim", "sample", "--models", model.repository,
                "--model", model.name, "--count", "1", "--steps", "20",
                "--out", pathlib.Path(folder) / "one.png"],
            "Python TensorFlow": [
                sys.executable, HERE / "worker_tensorflow.py", "first", model.saved, "20"]}
        times = {label: Times([], []) for label in commands}
        peak = dict.fromkeys(commands, 0)
        for _ in range(repetitions):
            for label, command in commands.items():
                start = time.perf_counter()
                process = subprocess.Popen([str(word) for word in command],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                if process.returncode:
                    times[label].error = f"ended with code {process.returncode}"
                    continue
                times[label].seconds.append(time.perf_counter() - start)
                peak[label] = max(peak[label], usage.ru_maxrss * 1024)
    return [Row(label, times[label], [megabytes(peak[label])]) for label in commands]


class Server:
    """`scripts/ddim serve` in a process of its own, on a free port."""

    def __init__(self, root, repository):
        self.command = [str(root / "scripts" / "ddim"), "serve", "--models", str(repository),
                        "--host", "127.0.0.1", "--port", "0"]

    def __enter__(self):
        start = time.perf_counter()
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            found = re.search(r" on (\S+:\d+)", line)
            if found:
                self.target = found[1]
                self.ready = time.perf_counter() - start
                return self
        raise RuntimeError(f"the server ended with code {self.process.wait()}")

    def memory(self, field):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s*(\d+) kB", status)[1]) * 1024

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
