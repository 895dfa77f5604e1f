"""Writes src/test/resources/ddim/eval/distances.json: distances between sets of features, computed
with numpy and scipy, in the ways of the papers' own code, for DistanceGoldensTest.

    $(scripts/interop/environment distances) scripts/interop/distances.py
"""

import json
import pathlib

import numpy as np
import scipy.linalg


def features(rows, columns, seed, shift):
    """Numbers that any language makes alike: a linear congruential generator, neighbours joined."""
    state = seed
    values = np.empty((rows, columns))
    for i in range(rows):
        before = 0.0
        for j in range(columns):
            state = (state * 1103515245 + 12345) % 2**31
            fresh = ((state >> 8) & 0xFFFF) / 65536.0
            values[i, j] = fresh + 0.5 * before + shift
            before = fresh
    return values


def frechet(x, y):
    """The square root of a general matrix, which need not be symmetric."""
    cx, cy = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(cx @ cy)
    difference = x.mean(0) - y.mean(0)
    return float(difference @ difference + np.trace(cx + cy - 2 * np.real(root)))


def kernel(x, y):
    def k(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    n, m = len(x), len(y)
    kx, ky = k(x, x), k(y, y)
    return float(
        (kx.sum() - np.trace(kx)) / n / (n - 1)
        + (ky.sum() - np.trace(ky)) / m / (m - 1)
        - 2 * k(x, y).mean()
    )


def covered(rows, manifold, nearest=3):
    own = np.linalg.norm(manifold[:, None] - manifold[None], axis=2)
    radii = np.sort(own, axis=1)[:, nearest]  # the first is the row itself
    across = np.linalg.norm(rows[:, None] - manifold[None], axis=2)
    return float((across <= radii).any(axis=1).mean())


def main():
    cases = []
    for n, m, d, shift in [(40, 30, 8, 0.125), (200, 200, 5, 0.0), (5, 6, 12, 0.25)]:
        real, made = features(n, d, 1, 0.0), features(m, d, 2, shift)
        cases.append(
            {
                "real": n,
                "generated": m,
                "dimension": d,
                "shift": shift,
                "frechet": frechet(real, made),
                "kernel": kernel(real, made),
                "precision": covered(made, real),
                "recall": covered(real, made),
            }
        )
    target = pathlib.Path(__file__).parents[2] / "src/test/resources/ddim/eval/distances.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(cases, indent=2) + "\n")


main()
