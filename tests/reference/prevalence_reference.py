"""Prevalence by other programs, for tests/prevalence.rs.

    python3 -m venv venv && venv/bin/pip install ppi-python==0.2.3 quapy==0.2.3
    venv/bin/python tests/reference/prevalence_reference.py

Writes prevalence.json beside this script: prediction-powered inference by ppi-python, expectation
maximisation by QuaPy, constrained least squares by SciPy (SLSQP), and the corrected estimate, for
which there is no program with clusters and tuned slopes, written out here in numpy by its formulas.
"""

import json
import pathlib
from importlib.metadata import version

import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from quapy.method.aggregative import EMQ
from scipy.optimize import minimize
from scipy.stats import t as student

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(11)

gold = np.array([1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0.0])
predicted = np.array([1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1.0])
unlabelled = np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0] * 20, float)


def ppi(*arrays, lam):
    low, high = ppi_mean_ci(*arrays, alpha=0.05, lam=lam)
    return [float(np.squeeze(v)) for v in (ppi_mean_pointestimate(*arrays, lam=lam), low, high)]


probabilities = np.round(random.uniform(size=40), 3)
coded = (random.uniform(size=40) < probabilities).astype(float)
others = np.round(random.beta(1, 3, 90), 3)
inference = [
    {"gold": a.tolist(), "predicted": b.tolist(), "unlabelled": c.tolist(), "lambda": lam,
     "expected": ppi(a, b, c, lam=lam)}
    for a, b, c in ((gold, predicted, unlabelled), (coded, probabilities, others))
    for lam in (0, 1, 0.4, None)
]

few = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.35, 0.3, 0.2, 0.15, 0.1, 0.05])
maximisation = [
    {"posteriors": p.tolist(), "prior": prior,
     "expected": float(EMQ.EM(np.array([1 - prior, prior]), np.stack([1 - p, p], 1))[0][1])}
    for p in (few, probabilities, others) for prior in (0.1, 0.3, 0.5)
]


def least_squares(rates, counts):
    k = len(counts)
    loss = lambda p: np.sum((rates.T @ p - counts) ** 2)
    return minimize(loss, np.full(k, 1 / k), method="SLSQP", bounds=[(0, 1)] * k, tol=1e-14,
                    constraints={"type": "eq", "fun": lambda p: p.sum() - 1}).x


rates = np.array([[0.7, 0.2, 0.1], [0.15, 0.8, 0.05], [0.3, 0.1, 0.6]])
classes = [
    {"rates": rates.tolist(), "counts": counts, "expected": least_squares(rates, np.array(counts)).tolist()}
    for counts in ([0.4, 0.35, 0.25], [0.1, 0.85, 0.05], [0.2, 0.1, 0.7])
]


def leave_one_out_slopes(x, y, pi, cluster, is_gold):
    def slope(use):
        w = (1 - pi[use]) / pi[use] ** 2
        if w.sum() <= 0:
            return 0.0
        dx, dy = x[use] - np.average(x[use], weights=w), y[use] - np.average(y[use], weights=w)
        return float(np.clip((w * dx * dy).sum() / (w * dx * dx).sum(), 0, 1))

    return np.array([slope(is_gold & (cluster != c)) for c in cluster])


def estimate(x, y, pi, cluster, is_gold, target, tuned, whole=None):
    """Value, influences (predicted, gold) by draw or cluster, shares of sentences and of weight."""
    lam = leave_one_out_slopes(x, y, pi, cluster, is_gold) if tuned else np.zeros(len(x))
    m = lam * (x - x.mean())
    w = np.where(is_gold, 1 / pi, 0)
    m = m + np.average((y - m)[is_gold], weights=w[is_gold])
    value = m.mean()
    e = np.where(is_gold, w * (y - m), 0) / w.sum()
    said, found = whole or (np.ones(len(x)), np.ones(len(x)))
    pull = w * found
    if target == "corpus":
        h = pull / pull.sum()
        q = (e * np.sqrt((1 - pi) / (1 - h)))[is_gold]
        return value, np.zeros_like(q), q, np.zeros_like(q), h[is_gold]
    _, of = np.unique(cluster, return_inverse=True)
    total = lambda v: np.bincount(of, weights=v)
    n, h = total(said) / said.sum(), total(pull) / pull.sum()
    p, q = total(m - value) / len(x) / np.sqrt(1 - n), total(e) / np.sqrt(1 - h)
    return value, p, q, n, h


def interval(value, p, q, n, h):
    by_gold = (q**2).sum() / ((p**2).sum() + (q**2).sum())
    by_size = 1 / (((1 - by_gold) * n + by_gold * h) ** 2).sum() - 1
    u = p + q
    variance = (u**2).sum()
    by_moments = 2 * variance**2 / ((u**4).sum() - variance**2 / np.count_nonzero(u))
    reach = student.ppf(0.975, max(1, min(by_size, by_moments))) * np.sqrt(variance)
    return [float(v) for v in (value, value - reach, value + reach)]


cluster = np.repeat(np.arange(14), random.integers(2, 9, 14))
n = len(cluster)
frame = (random.uniform(size=n) < 0.55).astype(float)
support = frame * (random.uniform(size=n) < 0.5)
said_frame = np.round(np.clip(0.25 + 0.5 * frame + random.normal(0, 0.2, n), 0, 1), 3)
said_support = np.round(said_frame * np.clip(0.3 + 0.4 * support + random.normal(0, 0.1, n), 0, 1), 3)
pi = np.round(np.clip(0.25 + 0.6 * said_frame, 0, 1), 3)
is_gold = random.uniform(size=n) < pi
corrected = {
    "clusters": cluster.tolist(), "inclusion": pi.tolist(), "is_gold": is_gold.tolist(),
    "frame": frame.tolist(), "support": support.tolist(),
    "said_frame": said_frame.tolist(), "said_support": said_support.tolist(), "expected": {},
}
for target in ("process", "corpus"):
    of_frame = estimate(said_frame, frame, pi, cluster, is_gold, target, True)
    whole = (said_frame, frame)
    of_support = estimate(said_support, support, pi, cluster, is_gold, target, True, whole)
    of_whole = estimate(said_frame, frame, pi, cluster, is_gold, target, True, whole)
    f = of_whole[0]
    theta = of_support[0] / f
    ratio = (theta, *((s - theta * d) / f for s, d in zip(of_support[1:3], of_whole[1:3])), *of_whole[3:])
    corrected["expected"][target] = {
        "share": interval(*of_frame),
        "gold_only": interval(*estimate(said_frame, frame, pi, cluster, is_gold, target, False)),
        "ratio": interval(*ratio),
    }

programs = {name: version(name) for name in ("numpy", "scipy", "ppi-python", "quapy")}
found = {"programs": programs, "ppi": inference, "maximisation": maximisation, "classes": classes,
         "corrected": corrected}
(HERE / "prevalence.json").write_text(json.dumps(found) + "\n")
