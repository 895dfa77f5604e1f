"""Stock clients against a server of ours: check_clients.py PORT VERSION_DIR."""

import pathlib
import sys

import clients
from cells import Table


def main(port, folder):
    folder = pathlib.Path(folder)
    target = f"localhost:{port}"
    name, version = folder.parent.name, int(folder.name)
    expected = clients.expected(folder)
    failed = 0
    for module in (clients.serving, clients.triton, clients.triton_async, clients.plain):
        table = Table(module.CLIENT, name)
        for check in module.CHECKS:
            table.attempt(check.__name__, lambda: check(table, target, name, version, expected))
        failed += table.failed
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
