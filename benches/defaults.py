#!/usr/bin/env python3
"""The choice of the training defaults: what each option does to the cross-validated scores.

    cargo build --release && python3 benches/defaults.py

Trains on labels/ once for every row and prints a table in Markdown (some 15 minutes on two cores).
With scikit-learn installed, the last two rows ask what features of the sentence before would add.
"""

import csv
import json
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "framescope"
LABELS = ROOT / "labels" / "sentences.csv"
CODEBOOK = ROOT / "labels" / "codebook.toml"

RUNS = [
    "",
    "--ngrams 1", "--ngrams 1-3",
    "--char-ngrams none", "--char-ngrams 2-6",
    "--min-df 3", "--min-df 5",
    "--signals none", "--signals none --char-ngrams none",
    "--class-weight none", "--class-weight balanced",
    "--sublinear-tf=false",
    "--C 1", "--C 10",
]


def train(options):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "m.framescope"
        output = subprocess.run(
            [PROGRAM, "train", LABELS, "--codebook", CODEBOOK, "-o", model, "--json",
             "--replicates", "0", *options.split()],
            check=True, capture_output=True, text=True)
        return json.loads(output.stdout), model.stat().st_size


def neighbours():
    """Macro F1 (best threshold a frame) without and with words of the sentence before."""
    import numpy as np
    from scipy.sparse import hstack, vstack, csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import precision_recall_curve
    from sklearn.model_selection import GroupKFold

    rows = list(csv.DictReader(open(LABELS, encoding="utf-8")))
    frames = sorted({part.split(":")[0] for row in rows for part in row["labels"].split("|") if part})
    wanted = np.array([[frame in row["labels"] for frame in frames] for row in rows])
    groups = [row["document"] for row in rows]
    same = [0] + [groups[i] == groups[i - 1] for i in range(1, len(rows))]
    scores = {False: np.zeros(wanted.shape), True: np.zeros(wanted.shape)}
    for train_rows, test_rows in GroupKFold(5).split(rows, groups=groups):
        vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        vectoriser.fit([rows[i]["text"] for i in train_rows])
        own = vectoriser.transform([row["text"] for row in rows])
        empty = csr_matrix((1, own.shape[1]))
        before = vstack([own[i - 1] if same[i] else empty for i in range(len(rows))]).tocsr()
        for context, features in ((False, own), (True, hstack([own, 0.5 * before]).tocsr())):
            for frame in range(len(frames)):
                model = LogisticRegression(C=10, max_iter=1000, class_weight="balanced")
                model.fit(features[train_rows], wanted[train_rows, frame])
                scores[context][test_rows, frame] = model.decision_function(features[test_rows])
    for context, name in ((False, "scikit-learn, words of the sentence"),
                          (True, "scikit-learn, and of the sentence before")):
        best = []
        for frame in range(len(frames)):
            p, r, _ = precision_recall_curve(wanted[:, frame], scores[context][:, frame])
            best.append(np.max(2 * p * r / np.maximum(p + r, 1e-9)))
        print(f"| {name} | {np.mean(best):.3f} | | | | |", flush=True)


print("| options | macro F1 | mean average precision | stance macro F1 | model, MB | seconds |")
print("| --- | ---: | ---: | ---: | ---: | ---: |")
for options in RUNS:
    begin = time.time()
    scores, size = train(options)
    frames = scores["frames"]
    precision = sum(frame["average_precision"]["value"] for frame in frames) / len(frames)
    print(f"| {f'`{options}`' if options else 'defaults'} | {scores['macro']['f1']['value']:.3f} | {precision:.3f} "
          f"| {scores['stance']['macro_f1']['value']:.3f} | {size / 1e6:.1f} | {time.time() - begin:.0f} |",
          flush=True)
try:
    neighbours()
except ImportError:
    print("scikit-learn is not installed: no row for neighbouring sentences")
