"""Fitting beside scikit-learn: TfidfVectorizer and LogisticRegression(solver="liblinear") against
framescope's vectoriser and sparse solver, on the sentences of the benches, one core each.

    cargo build --release --examples
    python benches/peers/fit.py

Needs scikit-learn. Both sides run in turns, so that a busy machine slows both.
"""

import csv
import io
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples"
RUNS = 5


def one_core():
    """Keeps this process and those it starts on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


def corpus():
    """The sentences of the benches with their labels, as CSV text."""
    return subprocess.run([TARGET / "corpus"], check=True, capture_output=True, text=True).stdout


def framescope(path):
    """Seconds of vectoriser and solver, and the norm of the gradient for each label."""
    done = subprocess.run([TARGET / "fit", path], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def scikit_learn(texts, labels):
    """The same of scikit-learn; liblinear's objective also penalises the intercept."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    start = time.perf_counter()
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    rows = vectoriser.fit_transform(texts)
    vectorised = time.perf_counter() - start
    labels = np.asarray(labels)

    start = time.perf_counter()
    models = [LogisticRegression(solver="liblinear", C=1).fit(rows, y) for y in labels.T]
    solved = time.perf_counter() - start

    norms = []
    for model, y in zip(models, labels.T):
        residual = model.predict_proba(rows)[:, 1] - y
        gradient = rows.T @ residual + model.coef_[0]
        intercept = residual.sum() + model.intercept_[0]
        norms.append(float(np.hypot(np.linalg.norm(gradient), intercept)))
    return {
        "columns": rows.shape[1],
        "vectoriser": vectorised,
        "solver": solved,
        "gradient_norms": norms,
    }


def measure(runs=RUNS):
    """The answers of both, run in turns."""
    text = corpus()
    records = list(csv.reader(io.StringIO(text)))[1:]
    texts = [record[0] for record in records]
    labels = [[int(field) for field in record[1:]] for record in records]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentences.csv"
        path.write_text(text)
        scikit_learn(texts, labels)
        pairs = [(framescope(path), scikit_learn(texts, labels)) for _ in range(runs)]
    for ours, theirs in pairs:
        assert ours["columns"] == theirs["columns"], "the vocabularies differ"
    return pairs


def table(pairs):
    """Medians in seconds, their ratio, and the largest norm of a gradient reached."""
    lines = [f"{'':12}{'framescope':>12}{'scikit-learn':>14}{'ratio':>8}"]
    for part in ("vectoriser", "solver"):
        ours, theirs = (statistics.median(pair[side][part] for pair in pairs) for side in (0, 1))
        lines.append(f"{part:12}{ours:10.3f} s{theirs:12.3f} s{theirs / ours:8.1f}")
    norms = [pairs[0][side]["gradient_norms"] for side in (0, 1)]
    for frame, (ours, theirs) in enumerate(zip(*norms)):
        lines.append(f"gradient {frame:<3}{ours:12.5f}{theirs:14.5f}")
    return "\n".join(lines)


if __name__ == "__main__":
    one_core()
    print(table(measure()))
