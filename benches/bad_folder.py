#!/usr/bin/env python3
"""A folder of many files, some of which cannot be read: what is left out, time and memory.

    cargo build --release && python3 benches/bad_folder.py [FILES] [BAD]    # 100,000 and 500 by default

Makes a folder of short articles, bad files of ten kinds among them, in a temporary place, and runs
`framescope classify` on it. Asserts that the table is that of the good files alone, byte for byte,
and that the list of what was skipped names each bad file with the reason of its kind. Does the same
with a tenth of the files, to see whether memory grows. Linux: the peak of memory is the program's
VmHWM as the system counts it.
"""

import csv
import gzip
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "framescope"

OPENINGS = ["The ministry expects", "A plant in Haoyuan announced", "The trade fair welcomed", "A group of mills postponed"]
OBJECTS = ["imports of machine tools", "a line for solar cells", "stricter checks of exports", "cleaner steel"]


def damaged():
    data = bytearray(gzip.compress(b"Exports rose, they say.\n" * 9, mtime=0))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


CUT = gzip.compress(b"Exports rose.\n" * 1000, mtime=0)
# Ending, content, how the reason begins.
KINDS = [
    (".txt", "Zwölf Äpfel ".encode() + b"\xff", "byte 0xFF is not UTF-8"),
    (".md", b"a\0\xff\xfe", "byte 0xFF is not UTF-8"),
    (".txt", b"\xff\xfea\0\0\xd8", "there are bytes that are not UTF-16LE"),
    (".txt.gz", CUT[: len(CUT) // 2], "cannot read: the gzip data end too soon"),
    (".txt.gz", damaged(), "cannot read: the gzip data are damaged"),
    (".txt.gz", b"Exports rose.", "cannot read: its name ends in .gz"),
    (".txt.zst", b"Exports rose.", "cannot read: its name ends in .zst"),
    (".html", b"<script>let a = 1;</script>", "there is no article text"),
    (".htm", b"<div>" * 5000 + b"<p>Exports rose.", "tags are nested more than 1000 deep"),
    (".txt", None, "cannot read: No such file"),
]


def make(folder, files, bad):
    """Gives the reasons of the bad files by their paths."""
    draw = random.Random(42)
    at_fault = dict.fromkeys(draw.sample(range(files), bad))
    for kind, number in enumerate(at_fault):
        at_fault[number] = KINDS[kind % len(KINDS)]
    reasons = {}
    for number in range(files):
        below = folder / f"{number // 1000:03}"
        below.mkdir(parents=True, exist_ok=True)
        if number in at_fault:
            ending, content, reason = at_fault[number]
            path = below / f"a{number:06}{ending}"
            reasons[str(path.relative_to(folder.parent))] = reason
            path.symlink_to("nowhere") if content is None else path.write_bytes(content)
            continue
        sentences = [
            f"{draw.choice(OPENINGS)} {draw.choice(OBJECTS)} worth {draw.randrange(10**6)} million."
            for _ in range(draw.randrange(2, 12))
        ]
        (below / f"a{number:06}.txt").write_text(" ".join(sentences) + "\n", encoding="utf-8")
    return reasons


def classify(folder, *arguments):
    """Runs the program; gives its status, seconds and the peak of its memory in MB."""
    started = time.monotonic()
    process = subprocess.Popen([PROGRAM, "classify", *arguments], cwd=folder, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_maxrss / 1024


def run(files, bad):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        reasons = make(folder / "in", files, bad)
        status, seconds, memory = classify(folder, "in", "-o", "all.csv", "--errors", "errors.csv")
        assert status == 1, status
        with open(folder / "errors.csv", newline="", encoding="utf-8") as file:
            listed = list(csv.DictReader(file))
        assert [row["file"] for row in listed] == sorted(reasons)
        for row in listed:
            assert row["reason"].startswith(reasons[row["file"]]) and row["id"], row
        for path in reasons:
            (folder / path).unlink()
        status, *_ = classify(folder, "in", "-o", "good.csv")
        assert status == 0, status
        table = (folder / "all.csv").read_bytes()
        assert table == (folder / "good.csv").read_bytes()
        kinds = len(set(reasons.values()))
        rows = table.count(b"\n") - 1
        print(f"{files:,} files, {bad} of them bad ({len(KINDS)} kinds, {kinds} reasons): {rows:,} sentences of {files - bad:,} files, "
              f"as without the bad ones; {len(listed)} listed, each with its reason; {seconds:.1f} s, {memory:.1f} MB at the peak")


def main():
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    bad = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    run(files // 10, bad // 10)
    run(files, bad)


if __name__ == "__main__":
    main()
