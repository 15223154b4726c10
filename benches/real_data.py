#!/usr/bin/env python3
"""framescope's training defaults (without signals) on other people's labelled sentences.

    cargo build --release && python3 benches/real_data.py [OPTIONS OF framescope train]

Reads ../shared/data, writes label files into a temporary folder and prints a table beside what
scikit-learn's TF-IDF and logistic regression reach in cross-validation of the same kind (figures
of ../shared/data/README.md). Frames exclude each other here, so the model is multinomial.
"""

import collections
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
PROGRAM = ROOT / "target" / "release" / "framescope"


def rows(*path):
    with open(DATA.joinpath(*path), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def coal():
    """Majority stance of each sentence; ties go to the label met first."""
    votes, texts = collections.defaultdict(collections.Counter), {}
    for row in rows("ep_coal_debate", "codings_english.csv"):
        votes[row["sentence_id"]][row["crowd_subsidy_label"]] += 1
        texts[row["sentence_id"]] = row["text"]
    return [(texts[id], count.most_common(1)[0][0]) for id, count in votes.items()]


def manifestos():
    return [(row["text"], row["crowd_econsocial_label"])
            for row in rows("uk_manifesto_crowd", "econ_social_sentences.csv")]


def frac():
    found = rows("frac", "frac_gold.csv")
    text = next(name for name in found[0] if name.lower() in ("text", "sentence"))
    label = next(name for name in found[0] if "label" in name.lower() or "code" in name.lower())
    return [(row[text], row[label]) for row in found]


def train(sentences, folds):
    with tempfile.TemporaryDirectory() as folder:
        labels = pathlib.Path(folder) / "labels.csv"
        with open(labels, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "text", "labels"])
            for index, (text, label) in enumerate(sentences):
                if text.strip():
                    writer.writerow([index, text, label.replace(":", " ").replace("|", " ")])
        output = subprocess.run(
            [PROGRAM, "train", labels, "-o", pathlib.Path(folder) / "m.framescope", "--json",
             "--signals", "none", "--folds", str(folds), "--replicates", "0", *sys.argv[1:]],
            check=True, capture_output=True, text=True)
        return json.loads(output.stdout)


print(f"{'data set':22} {'folds':>5} {'accuracy':>9} {'macro F1':>9}   scikit-learn")
for name, read, folds, accuracy, macro in [
    ("ep_coal_debate", coal, 10, .643, .562),
    ("uk_manifesto_crowd", manifestos, 5, .692, .606),
    ("frac", frac, 5, .509, .462),
]:
    scores = train(read(), folds)
    print(f"{name:22} {folds:5} {scores['subset_accuracy']['value']:9.3f} "
          f"{scores['macro']['f1']['value']:9.3f}   {accuracy:.3f} {macro:.3f}", flush=True)
