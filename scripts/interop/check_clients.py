"""Stock clients against servers of ours: check_clients.py PORT EXPLICIT_PORT VERSION_DIR EXPECTED.

The server of the second port leaves it to clients what is loaded, and has a version more. Writes
what serving_default must give to the file EXPECTED, for clients that live elsewhere.
"""

import pathlib
import sys

import numpy as np

import clients
from cells import Table


def main(port, explicit_port, folder, file):
    folder = pathlib.Path(folder)
    targets = {clients.control: f"localhost:{explicit_port}"}
    name, version = folder.parent.name, int(folder.name)
    expected = clients.expected(folder)
    inputs, outputs = expected["serving_default"]
    np.savez(file, **{f"in.{key}": value for key, value in inputs.items()},
             **{f"out.{key}": value for key, value in outputs.items()})
    failed = 0
    for module in (clients.serving, clients.triton, clients.triton_async, clients.plain,
                   clients.control):
        target = targets.get(module, f"localhost:{port}")
        table = Table(module.CLIENT, name)
        for check in module.CHECKS:
            table.attempt(check.__name__, lambda: check(table, target, name, version, expected))
        failed += table.failed
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
