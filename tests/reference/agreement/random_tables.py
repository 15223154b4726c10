"""Writes random.json: 200 random tables with missing codes and their coefficients.

Needs krippendorff 0.9, irrCAC 0.4, scikit-learn 1.7. Run: python random_tables.py > random.json
"""
import json
import warnings
from itertools import combinations
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from sklearn.metrics import cohen_kappa_score

warnings.filterwarnings("ignore")
random = np.random.default_rng(2024)
LEVELS = ["nominal", "ordinal", "interval", "ratio"]
WEIGHTS = ["identity", "quadratic", "ratio"]
METHODS = {"gwet": "gwet", "fleiss": "fleiss", "conger": "conger", "krippendorff": "alpha", "bp": "bp"}


def defined(number):
    return float(number) if np.isfinite(number) else None


def one():
    units, coders, values = random.integers(5, 25), random.integers(2, 6), random.integers(2, 6)
    truth = random.integers(1, values + 1, (units, 1))
    noise = random.integers(1, values + 1, (units, coders))
    codes = np.where(random.random((units, coders)) < random.uniform(0.2, 0.9), truth, noise)
    codes = np.where(random.random((units, coders)) < random.uniform(0, 0.4), np.nan, codes)
    codes = codes[~np.isnan(codes).all(axis=1)]
    seen = sorted(set(codes[~np.isnan(codes)]))
    if len(seen) < 2 or (~np.isnan(codes)).sum(axis=1).max() < 2 or np.isnan(codes).all(axis=0).any():
        return None
    pairable = codes[(~np.isnan(codes)).sum(axis=1) >= 2]
    if len(pairable) < 2 or len(set(pairable[~np.isnan(pairable)])) < 2:
        return None
    out = {"units": [[None if np.isnan(c) else int(c) for c in row] for row in codes]}
    out["alpha"] = {
        level: defined(krippendorff.alpha(codes.T, level_of_measurement=level)) for level in LEVELS
    }
    frame = pd.DataFrame(codes)
    out["irrcac"] = {}
    for weights in WEIGHTS:
        cac = CAC(frame, weights=weights, digits=15)
        out["irrcac"][weights] = {
            ours: [defined(est["coefficient_value"]), defined(est["se"])]
            for method, ours in METHODS.items()
            for est in [getattr(cac, method)()["est"]]
        }
    out["kappa"] = {}
    for a, b in combinations(range(codes.shape[1]), 2):
        both = ~np.isnan(codes[:, a]) & ~np.isnan(codes[:, b])
        x, y = codes[both, a], codes[both, b]
        # scikit-learn 1.7 gives nan (or an error) where kappa is undefined.
        if len(x) and len(set(x) | set(y)) > 1:
            out["kappa"][f"{a}-{b}"] = [
                defined(cohen_kappa_score(x, y, weights=weights, labels=seen))
                for weights in [None, "linear", "quadratic"]
            ]
    return out




tables = []
while len(tables) < 200:
    table = one()
    if table is not None:
        tables.append(table)
lines = ",\n".join(json.dumps(table, separators=(",", ":")) for table in tables)
print("[\n" + lines + "\n]")
