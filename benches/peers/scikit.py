"""scikit-learn's part; `run.py` calls it with the Python that has scikit-learn.

    scikit.py train TABLE MODEL liblinear|lbfgs
    scikit.py predict MODEL LINES OUTPUT    probabilities into OUTPUT; prints what predicting took
    scikit.py one MODEL LINES               nanoseconds a call of predict_proba, a sentence a call
"""

import csv
import json
import sys
import time

import joblib
import numpy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer

SOLVERS = {
    "liblinear": LogisticRegression(C=1.0, solver="liblinear"),
    # Does not punish the intercept, and stops at the optimum: for comparing probabilities.
    "lbfgs": LogisticRegression(C=1.0, tol=1e-8, max_iter=10_000),
}


def read_lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def train(table, model, solver):
    with open(table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [[label for label in row["labels"].split("|") if label] for row in rows]
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        OneVsRestClassifier(SOLVERS[solver]))
    pipeline.fit([row["text"] for row in rows], MultiLabelBinarizer().fit_transform(labels))
    joblib.dump(pipeline, model)


def predict(model, lines, output):
    pipeline = joblib.load(model)
    sentences = read_lines(lines)
    wall, cpu = time.perf_counter(), time.process_time()
    probabilities = pipeline.predict_proba(sentences)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    numpy.savetxt(output, probabilities, fmt="%.6f", delimiter=",")
    print(json.dumps({"wall": wall, "cpu": cpu}))


def one(model, lines):
    pipeline = joblib.load(model)
    sentences = read_lines(lines)
    start = time.perf_counter()
    for sentence in sentences:
        pipeline.predict_proba([sentence])
    print(round((time.perf_counter() - start) / len(sentences) * 1e9))


{"train": train, "predict": predict, "one": one}[sys.argv[1]](*sys.argv[2:])
