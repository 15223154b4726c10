"""Weighted scores of scikit-learn and tests of statsmodels, for tests/evaluate.rs.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.7.2 statsmodels==0.15.0
    venv/bin/python tests/reference/evaluate_reference.py

Writes evaluate.json beside this script: sentences with probabilities (ties among them), labels,
documents and inclusion probabilities, and what scikit-learn says with `sample_weight`. ECE, which
scikit-learn has not, and confident learning (Northcutt, Jiang & Chuang 2021, as cleanlab counts it)
are written out here in numpy.
"""

import json
import pathlib

import numpy as np
import sklearn
import statsmodels
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(7)
N, FRAMES = 240, ["a", "b"]

document = np.repeat(np.arange(24), 10)
inclusion = np.round(random.uniform(0.02, 1.0, 24)[document] * random.uniform(0.5, 1, N), 4)
weight = 1 / inclusion
weight = weight / weight.mean()
latent = random.normal(size=(N, 2)) + random.normal(size=(24, 2))[document]
gold = latent > 0.8
p = np.round(1 / (1 + np.exp(-(1.3 * latent - 1 + random.normal(size=(N, 2))))), 2)
predicted = p >= 0.4
other = (latent + random.normal(size=(N, 2))) > 0.9


def ece(gold, p, weight, bins=10):
    """Equal-weight bins; runs of equal probabilities stay together, in the bin of their middle."""
    gap, before = np.zeros(bins), 0.0
    for value in np.unique(p):
        run = p == value
        w = weight[run].sum()
        at = min(int((before + w / 2) / weight.sum() * bins), bins - 1)
        gap[at] += (weight[run] * (p[run] - gold[run])).sum()
        before += w
    return np.abs(gap).sum() / weight.sum()


def confident_learning(gold, p):
    both = np.stack([1 - p, p], axis=1)
    given = gold.astype(int)
    threshold = np.array([both[given == j, j].mean() for j in (0, 1)])
    passed = np.where(both >= threshold, both, -1)
    # Ties for the label that was given.
    passed[np.arange(N), given] += 1e-12
    suspect = (passed.max(axis=1) >= 0) & (passed.argmax(axis=1) != given)
    return [int(i) for i in np.flatnonzero(suspect)]


def holm(values):
    return [float(x) for x in multipletests(values, method="holm")[1]]


found = {"scikit_learn": sklearn.__version__, "statsmodels": statsmodels.__version__, "frames": []}
exact = []
for j, name in enumerate(FRAMES):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        gold[:, j], predicted[:, j], average="binary", sample_weight=weight)
    right, right_other = predicted[:, j] == gold[:, j], other[:, j] == gold[:, j]
    table = [[int((right & right_other).sum()), int((right & ~right_other).sum())],
             [int((~right & right_other).sum()), int((~right & ~right_other).sum())]]
    corrected = mcnemar(table, exact=False, correction=True)
    exact.append(mcnemar(table, exact=True).pvalue)
    found["frames"].append({
        "label": name,
        "precision": precision, "recall": recall, "f1": f1,
        "average_precision": metrics.average_precision_score(gold[:, j], p[:, j], sample_weight=weight),
        "roc_auc": metrics.roc_auc_score(gold[:, j], p[:, j], sample_weight=weight),
        "brier": metrics.brier_score_loss(gold[:, j], p[:, j], sample_weight=weight),
        "ece": ece(gold[:, j], p[:, j], weight),
        "false_positive_rate": float((weight * predicted[:, j])[~gold[:, j]].sum() / weight[~gold[:, j]].sum()),
        "mcnemar": {"table": table, "exact_p": exact[-1], "corrected_chi_squared": corrected.statistic,
                    "corrected_p": corrected.pvalue},
        "suspects": confident_learning(gold[:, j], p[:, j]),
    })
found["holm_of_exact"] = holm(exact)
found["macro_f1"] = metrics.f1_score(gold, predicted, average="macro", sample_weight=weight)
found["micro_f1"] = metrics.f1_score(gold, predicted, average="micro", sample_weight=weight)
found["subset_accuracy"] = metrics.accuracy_score(gold, predicted, sample_weight=weight)
found["hamming_loss"] = metrics.hamming_loss(gold, predicted, sample_weight=weight)
found["unweighted_macro_f1"] = metrics.f1_score(gold, predicted, average="macro")


def labels(row):
    return "|".join(name for name, present in zip(FRAMES, row) if present)


found["rows"] = [
    [f"s{i}", f"d{document[i]}", "ab"[int(document[i] % 2)], float(inclusion[i]), labels(gold[i]),
     labels(predicted[i]), labels(other[i]), [float(x) for x in p[i]]]
    for i in range(N)
]
text = json.dumps({k: v for k, v in found.items() if k != "rows"}, indent=1, default=float)[:-2]
rows = ",\n  ".join(json.dumps(row) for row in found["rows"])
(HERE / "evaluate.json").write_text(f'{text},\n "rows": [\n  {rows}\n ]\n}}\n')
