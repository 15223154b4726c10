#!/usr/bin/env python3
"""How many coded sentences a codebook needs, with its signals and without them.

    cargo build --release && python3 benches/learning_curve.py

A fifth of the articles of labels/ is held out. From the others, so many sentences are drawn at
random, again until every frame is among them; a model trained on them by default is scored on those
held out. Prints mean macro F1 over the draws, in Markdown. Where a frame stands in too few articles
for cross-validation, the options that framescope then names are given.
"""

import csv
import json
import pathlib
import random
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "framescope"
CODEBOOK = ROOT / "labels" / "codebook.toml"
SIZES = [50, 100, 200, 400, 800, 1600, 3200, 6400]
UNTRIED = ["--C", "1.0", "--no-calibration", "--threshold", "0.5"]


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "text", "labels", "document"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


def score(folder, sample, held_out, signals):
    labels, model = folder / "train.csv", folder / "m.framescope"
    write(labels, sample)
    train = ["train", labels, "--codebook", CODEBOOK, "-o", model, "--signals", signals,
             "--replicates", "0"]
    if run(*train).returncode != 0:
        run(*train, *UNTRIED).check_returncode()
    output = run("evaluate", held_out, "-m", model, "--json", "--replicates", "0")
    output.check_returncode()
    return json.loads(output.stdout)["macro"]["f1"]["value"]


articles = {}
for row in csv.DictReader(open(ROOT / "labels" / "sentences.csv", encoding="utf-8")):
    articles.setdefault(row["document"], []).append(row)
names = sorted(articles)
random.Random(1).shuffle(names)
test, others = names[: len(names) // 5], names[len(names) // 5 :]
pool = [row for name in others for row in articles[name]]


def sample_of(size, generator):
    while True:
        sample = generator.sample(pool, size)
        frames = {part.split(":")[0] for row in sample for part in row["labels"].split("|")}
        if len(frames - {""}) == 4:
            return sample


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    held_out = folder / "held-out.csv"
    write(held_out, [row for name in test for row in articles[name]])
    bare = run("evaluate", held_out, "--codebook", CODEBOOK, "--baseline", "signals", "--json",
               "--replicates", "0")
    bare = json.loads(bare.stdout)["macro"]["f1"]["value"]
    print(f"Bare signals: {bare:.3f}\n")
    print("| sentences | draws | without signals | with signals |")
    print("| ---: | ---: | ---: | ---: |")
    for size in SIZES:
        draws = 10 if size <= 400 else 3
        found = {"none": [], "features": []}
        for draw in range(draws):
            sample = sample_of(size, random.Random(draw))
            for signals, scores in found.items():
                scores.append(score(folder, sample, held_out, signals))
        without, with_signals = (statistics.mean(found[key]) for key in found)
        print(f"| {size} | {draws} | {without:.3f} | {with_signals:.3f} |", flush=True)
