"""Features and probabilities of scikit-learn, for tests/parity.rs.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.7.2
    venv/bin/python tests/reference/sklearn_reference.py

Reads labels/sentences.csv and, where it is there, ../shared/data/uk_manifesto_crowd; writes
sklearn_labels.json and sklearn_manifesto.json beside this script: which rows, and for each the
probabilities. No text of the second data set is stored.
"""

import csv
import hashlib
import json
import pathlib

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
OPTIONS = dict(ngram_range=(1, 2), min_df=2, sublinear_tf=True)

# With its default tolerance of 1e-4 on the mean loss, scikit-learn stops some 0.02 short of its own
# optimum in probability; the optimum is what can be compared.
CONVERGED = dict(tol=1e-9, max_iter=20_000)


def rounded(rows, digits=7):
    return [[round(float(value), digits) for value in row] for row in rows]


def write(name, content):
    content["scikit_learn"] = sklearn.__version__
    (HERE / name).write_text(json.dumps(content, indent=1) + "\n")
    print(name)


def labels():
    """One model a frame; words, then words and characters."""
    with open(ROOT / "labels" / "sentences.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [row["text"] for row in rows]
    frames = sorted({part.split(":")[0] for row in rows for part in row["labels"].split("|") if part})
    sample = list(range(0, len(rows), len(rows) // 100))
    words = TfidfVectorizer(**OPTIONS)
    both = FeatureUnion([
        ("words", TfidfVectorizer(**OPTIONS)),
        ("chars", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=2, sublinear_tf=True)),
    ])
    digest = hashlib.sha256((ROOT / "labels" / "sentences.csv").read_bytes()).hexdigest()
    found = {"sha256": digest, "sample": sample, "frames": frames}
    for name, vectoriser in (("words", words), ("words_and_chars", both)):
        matrix = vectoriser.fit_transform(texts)
        columns = []
        for frame in frames:
            present = [frame in [part.split(":")[0] for part in row["labels"].split("|")] for row in rows]
            model = LogisticRegression(C=1.0, **CONVERGED).fit(matrix, present)
            columns.append(model.predict_proba(matrix[sample])[:, 1])
        found[name] = {"features": matrix.shape[1], "probabilities": rounded(zip(*columns))}
    names = words.get_feature_names_out()
    picked = list(range(0, len(names), len(names) // 50))
    found["vocabulary"] = [[int(i), names[i], round(float(words.idf_[i]), 6)] for i in picked]
    write("sklearn_labels.json", found)


def manifesto():
    """Three classes that exclude each other: multinomial."""
    path = ROOT.parent / "shared" / "data" / "uk_manifesto_crowd" / "econ_social_sentences.csv"
    if not path.exists():
        print("sklearn_manifesto.json: no data, left as it is")
        return
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["text"].strip()]
    texts = [row["text"] for row in rows]
    classes = [row["crowd_econsocial_label"] for row in rows]
    matrix = TfidfVectorizer(**OPTIONS).fit_transform(texts)
    model = LogisticRegression(C=1.0, **CONVERGED).fit(matrix, classes)
    sample = list(range(0, len(rows), len(rows) // 200))
    write("sklearn_manifesto.json", {
        "rows": len(rows),
        "sample": sample,
        "frames": model.classes_.tolist(),
        "features": matrix.shape[1],
        "probabilities": rounded(model.predict_proba(matrix[sample])),
    })


labels()
manifesto()
