#!/usr/bin/env python3
"""framescope beside scikit-learn, fastText and Vowpal Wabbit: sentences in, probabilities out.

    cargo build --release --bins --examples && python3 benches/peers/run.py [--output FILE]

The first run installs the others (PyPI; a C++ compiler for fastText) below --env. Everything runs
on one core, turn by turn, so that a noisy minute hits all alike; medians are printed in Markdown.
`--memory` measures instead what memory `classify` takes, `--text` how fast it goes from text files
to a table.
"""

import argparse
import contextlib
import csv
import datetime
import itertools
import json
import math
import os
import pathlib
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import venv

import corpus
from measure import measure, median

HERE = pathlib.Path(__file__).resolve().parent
RELEASE = corpus.ROOT / "target" / "release"
FASTTEXT = "fasttext==0.9.3"
COMPARED = 1_000
CALLS = 2_000

FRAMESCOPE_TRAINING = shlex.split(
    "--ngrams 1-2 --min-df 2 --char-ngrams none --sublinear-tf --C 1.0 --no-calibration "
    "--threshold 0.5 --class-weight none --signals none --replicates 0")
FASTTEXT_TRAINING = shlex.split("-loss ova -wordNgrams 2 -minCount 2 -thread 1 -verbose 0")
VW_TRAINING = shlex.split("--loss_function logistic --ngram 2 --quiet")

NOTES = f"""\
Every program has learnt from the same sentences, is pinned to one core with one thread, reads its
sentences from a file and writes their probabilities to a file. A run is a whole process; start is
the same run on one sentence: loading the program and the model. MB are bytes of the sentences, 10^6
each, whatever a program's own format adds. `right` is the share of labels that 0.5 on the
probability gets right in the first {COMPARED:,} sentences: it shows that a program has learnt the task,
and no more.

- framescope: `classify --unit row --threads 1`, a CSV of raw sentences to a table with the
  sentences, labels and probabilities.
- scikit-learn: raw sentences; `predict_proba` of
  `make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
  OneVsRestClassifier(LogisticRegression(C=1.0, solver="liblinear")))`, numpy's `savetxt`. The second
  row is `predict_proba` alone, all sentences at once: neither start nor reading nor writing.
- fastText and Vowpal Wabbit get sentences that are lower-cased and split into scikit-learn's words
  already; doing that is not counted. Neither learns from a sentence without a label.
- fastText: one-vs-all loss, word bigrams, words of two sentences or more; compiled here with
  `-O3 -march=native -funroll-loops`. `default` is its command line as it is, with 100 dimensions and
  2,000,000 buckets. `small` has 10 dimensions and 262,144 buckets, and its command line no longer
  flushes every line: the fastest that we could make it.
- Vowpal Wabbit: `--loss_function logistic --ngram 2`, words and bigrams hashed to 18 bits; its own C++
  driver reads and writes the files, a call of the system a line. `labels` is `--multilabel_oaa {corpus.FRAMES}`,
  a logistic model a label, which writes the labels from 0.5 on and no probabilities; the row below
  is the same without a file to write to. `probabilities` is `--oaa {corpus.FRAMES} --probabilities`: as many
  models and as many numbers written, but probabilities of exactly one label, so that `right` would
  say nothing (it learns the last label of each sentence). For several labels version 9.11.9 offers
  `--multilabel_oaa {corpus.FRAMES} --probabilities`, but beyond its first 256 or so sentences the
  probabilities it writes are not those of the sentence.
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    work = corpus.ROOT / "target" / "peers"
    parser.add_argument("--memory", action="store_true", help="peak memory of classify")
    parser.add_argument("--text", action="store_true", help="text files to a table")
    parser.add_argument("--train", type=int, default=20_000, help="sentences to learn from")
    parser.add_argument("--mb", type=float, default=60, help="sentences to classify, in MB")
    parser.add_argument("--sizes", type=float, nargs="+", default=[10, 100, 1000],
                        help="--memory: MB of text")
    parser.add_argument("--files", type=int, default=100_000, help="--text: files of 5 kB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--corpus", type=pathlib.Path, help="sentences from a CSV instead of made here")
    parser.add_argument("--framescope", type=pathlib.Path, default=RELEASE / "framescope")
    parser.add_argument("--env", type=pathlib.Path, default=work / "env")
    parser.add_argument("--work", type=pathlib.Path, default=work / "work")
    parser.add_argument("--output", type=pathlib.Path, help="write the tables here too")
    return parser.parse_args()


# The other programs.

def run(*command):
    """Runs a step that is not measured; its output is shown only where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def install(env):
    """A Python with the packages of requirements.txt, and fastText's command line as two programs."""
    python, done = env / "bin" / "python", env / "installed"
    wanted = (HERE / "requirements.txt").read_text() + FASTTEXT
    if done.exists() and done.read_text() == wanted:
        return
    print("installing the other programs …", file=sys.stderr)
    venv.create(env, with_pip=True, clear=True)
    run(python, "-m", "pip", "install", "-r", HERE / "requirements.txt")
    # What pip would install is a Python module; the source it comes with has the command line too.
    run(python, "-m", "pip", "download", "--no-deps", "--no-binary", "fasttext", "-d", env, FASTTEXT)
    shutil.unpack_archive(next(env.glob("fasttext-*.tar.gz")), env)
    source = next(env.glob("fasttext-*/src"))
    compile_fasttext(source, env / "fasttext")
    main = source / "main.cc"
    main.write_text(main.read_text().replace("std::endl", r'"\n"'))
    compile_fasttext(source, env / "fasttext-unflushed")
    done.write_text(wanted)


def compile_fasttext(source, program):
    options = shlex.split("-std=c++17 -O3 -march=native -funroll-loops -DNDEBUG -pthread")
    run("g++", *options, *source.glob("*.cc"), "-o", program)


class Program:
    """A program, how to call it (a file of sentences to a file of probabilities), and its runs."""

    def __init__(self, name, model, command, read):
        self.name, self.model, self.command, self.read = name, model, command, read
        self.runs, self.starts, self.insides, self.result = [], [], [], None


def scikit(options):
    """The command that scikit.py's subcommands follow."""
    return [options.env / "bin" / "python", HERE / "scikit.py"]


def framescope_program(options, learn, work):
    model = work / "framescope.framescope"
    train_framescope(options, learn, model)
    return Program("framescope", model, lambda asked, output: [
        options.framescope, "classify", asked.table, "--unit", "row", "--threads", "1",
        "-m", model, "-o", output.with_suffix(".csv")], read_framescope)


def train_framescope(options, learn, model):
    run(options.framescope, "train", learn.table, "-o", model, *FRAMESCOPE_TRAINING)


def scikit_program(options, learn, work):
    model = work / "scikit.joblib"
    run(*scikit(options), "train", learn.table, model, "liblinear")
    return Program("scikit-learn", model, lambda asked, output: [
        *scikit(options), "predict", model, asked.lines, output.with_suffix(".csv")], read_scikit)


def fasttext_program(options, learn, work, name, program, size):
    model = work / f"{program}.bin"
    run(options.env / program, "supervised", "-input", learn.fasttext,
        "-output", model.with_suffix(""), *FASTTEXT_TRAINING, *size)
    model.with_suffix(".vec").unlink()
    return Program(name, model, lambda asked, output: [
        options.env / program, "predict-prob", model, asked.fasttext, str(corpus.FRAMES)],
        read_fasttext)


def vw_programs(options, learn, work):
    vw = [options.env / "bin" / "python", "-m", "vowpalwabbit"]
    several, single, labels = work / "several.vw", work / "single.vw", work / "last.vw"
    write_last_labels(learn.vw, labels)
    run(*vw, "-d", learn.vw, "-f", several, "--multilabel_oaa", str(corpus.FRAMES), *VW_TRAINING)
    run(*vw, "-d", labels, "-f", single, "--oaa", str(corpus.FRAMES), *VW_TRAINING)

    def program(name, model, read, written):
        return Program(f"Vowpal Wabbit, {name}", model, lambda asked, output: [
            *vw, "-d", asked.vw, "-t", "-i", model, "--quiet", *written(output)], read)

    return [
        program("probabilities", single, None,
                lambda output: ["--probabilities", "-p", output.with_suffix(".csv")]),
        program("labels", several, read_vw, lambda output: ["-p", output.with_suffix(".csv")]),
        program("labels, nothing written", several, None, lambda output: []),
    ]


def write_last_labels(several, single):
    """For a program that knows one label a sentence, counted from 1: the last, the rarest here."""
    with open(several, encoding="utf-8") as source, open(single, "w", encoding="utf-8") as file:
        for line in source:
            labels, words = line.split(" | ")
            if labels:
                file.write(f"{int(labels.split(',')[-1]) + 1} | {words}")


def programs(options, learn, work):
    found = []
    if reads_rows(options.framescope):
        found.append(framescope_program(options, learn, work))
    else:
        print(f"skipped: {options.framescope} is not there or has no `classify --unit row`",
              file=sys.stderr)
    small = ["-dim", "10", "-bucket", str(1 << 18)]
    return [
        *found,
        scikit_program(options, learn, work),
        fasttext_program(options, learn, work, "fastText, default", "fasttext", []),
        fasttext_program(options, learn, work, "fastText, small", "fasttext-unflushed", small),
        *vw_programs(options, learn, work),
    ]


def reads_rows(framescope):
    if not framescope.exists():
        return False
    usage = subprocess.run([framescope, "classify", "--help"], capture_output=True, text=True)
    return "--unit" in usage.stdout


# What they answer: a list of probabilities for each sentence, in the order of the frames.

def read_framescope(path):
    with open(path.with_suffix(".csv"), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield [float(row[f"p.f{frame}"]) for frame in range(corpus.FRAMES)]


def read_scikit(path):
    with open(path.with_suffix(".csv"), encoding="utf-8") as file:
        for line in file:
            yield [float(value) for value in line.split(",")]


def read_fasttext(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            parts = line.split()
            found = dict(zip(parts[::2], map(float, parts[1::2])))
            yield [found[f"__label__f{frame}"] for frame in range(corpus.FRAMES)]


def read_vw(path):
    with open(path.with_suffix(".csv"), encoding="utf-8") as file:
        for line in file:
            found = line.strip().split(",")
            yield [float(str(frame) in found) for frame in range(corpus.FRAMES)]


def first(probabilities):
    return list(itertools.islice(probabilities, COMPARED))


def right(probabilities, asked):
    with open(asked.labels, encoding="utf-8") as file:
        truths = [line.strip().split("|") for line in itertools.islice(file, COMPARED)]
    hits = [(value >= 0.5) == (f"f{frame}" in truth)
            for row, truth in zip(probabilities, truths, strict=True)
            for frame, value in enumerate(row)]
    return sum(hits) / len(hits)


def largest_difference(left, right):
    return max(abs(a - b) for x, y in zip(left, right, strict=True) for a, b in zip(x, y, strict=True))


# The measurements.

def prepare(options, size):
    """Sentences to learn from, the next `size` bytes to classify, and one alone."""
    options.work.mkdir(parents=True, exist_ok=True)
    source = corpus.read_sentences(options.corpus) if options.corpus else corpus.made_sentences()
    learn, asked, one = (corpus.Sentences(options.work, name) for name in ("learn", "ask", "one"))
    return (learn.write(itertools.islice(source, options.train), True),
            one.write(itertools.islice(source, 1), False),
            asked.write(corpus.up_to(size, source), False))


def compare(options):
    install(options.env)
    learn, one, asked = prepare(options, options.mb * 1e6)
    work = options.work
    compared = programs(options, learn, work)
    for number in range(options.rounds):
        for place, program in enumerate(compared):
            print(f"round {number + 1}: {program.name}", file=sys.stderr)
            program.result = work / f"{place}.probabilities"
            command = program.command(one, work / "start")
            program.starts.append(measure(command, {options.core}, work / "start"))
            command = program.command(asked, program.result)
            program.runs.append(measure(command, {options.core}, program.result))
            if program.read is read_scikit:
                program.insides.append(json.loads(program.result.read_text()))
    yield from speed_table(compared, learn, asked)
    yield ""
    yield NOTES
    yield from call_table(options, compared, asked)
    if compared[0].read is read_framescope:
        yield from agreement(options, compared, learn, asked)


def speed_table(compared, learn, asked):
    base = compared[0] if compared[0].read is read_framescope else None
    base_wall = median(base.runs).wall if base else None
    base_net = median(base.runs).cpu - median(base.starts).cpu if base else None
    yield (f"{learn.count:,} sentences to learn from; {asked.count:,} to classify, "
           f"{asked.bytes / 1e6:.1f} MB; medians of {len(compared[0].runs)} rounds.")
    yield ""
    yield ("| program | wall, s | CPU, s | start: wall, s | start: CPU, s | MB/s, wall "
           "| MB/s, CPU without start | times framescope's wall | times its CPU without start | right |")
    yield "| --- " + "| ---: " * 9 + "|"

    def row(name, wall, cpu, start, share):
        net = cpu - (start.cpu if start else 0)
        cells = [f"{wall:.2f}", f"{cpu:.2f}", f"{start.wall:.2f}" if start else "",
                 f"{start.cpu:.2f}" if start else "", f"{asked.bytes / wall / 1e6:.1f}",
                 f"{asked.bytes / net / 1e6:.1f}", f"{wall / base_wall:.1f}" if base else "",
                 f"{net / base_net:.1f}" if base else "", f"{share:.3f}" if share else ""]
        return f"| {name} | " + " | ".join(cells) + " |"

    for program in compared:
        cost = median(program.runs)
        share = right(first(program.read(program.result)), asked) if program.read else None
        yield row(program.name, cost.wall, cost.cpu, median(program.starts), share)
        if program.insides:
            wall, cpu = (statistics.median(inside[key] for inside in program.insides)
                         for key in ("wall", "cpu"))
            yield row(f"{program.name}, predict_proba alone", wall, cpu, None, None)


def call_table(options, compared, asked):
    """One sentence a call, inside a process that has the model open."""
    sentences = options.work / "calls.txt"
    with open(asked.lines, encoding="utf-8", newline="\n") as source:
        sentences.write_text("".join(itertools.islice(source, CALLS)), encoding="utf-8", newline="\n")
    example = RELEASE / "examples" / "one_sentence"
    callers = {}
    for program in compared:
        if program.read is read_framescope and example.exists():
            callers["framescope, `Scorer::frame_probabilities`"] = [
                example, program.model, sentences]
        if program.read is read_scikit:
            callers["scikit-learn, `predict_proba([sentence])`"] = [
                *scikit(options), "one", program.model, sentences]
    times = {name: [] for name in callers}
    output = options.work / "calls"
    for _ in range(options.rounds):
        for name, command in callers.items():
            measure(command, {options.core}, output)
            times[name].append(int(output.read_text()))
    yield f"One sentence a call, {CALLS:,} sentences, model loaded, nothing written:"
    yield ""
    yield "| | µs a call |"
    yield "| --- | ---: |"
    for name, found in times.items():
        yield f"| {name} | {statistics.median(found) / 1e3:,.2f} |"


def agreement(options, compared, learn, asked):
    own = first(read_framescope(compared[0].result))
    theirs = first(read_scikit(compared[1].result))
    sample, model = options.work / "compared.txt", options.work / "lbfgs.joblib"
    with open(asked.lines, encoding="utf-8", newline="\n") as source:
        sample.write_text("".join(itertools.islice(source, COMPARED)), encoding="utf-8", newline="\n")
    run(*scikit(options), "train", learn.table, model, "lbfgs")
    run(*scikit(options), "predict", model, sample, options.work / "lbfgs.csv")
    exact = first(read_scikit(options.work / "lbfgs.csv"))
    difference = largest_difference(own, exact)
    yield ""
    yield (f"Largest difference of framescope's probabilities, first {len(own):,} sentences: "
           f"{difference:.1e} from scikit-learn's `LogisticRegression(C=1.0, tol=1e-8)` (lbfgs); "
           f"{largest_difference(own, theirs):.1e} from the liblinear of the table, which punishes the "
           "intercept too and stops earlier.")
    if not difference <= 1e-3:
        sys.exit(f"framescope's probabilities are {difference} from scikit-learn's")


# Text files.

def write_articles(folder, joined, size=math.inf, files=math.inf):
    """Articles of 5 kB, a file each and all in one: 10 MB of them, then those again.

    Stops at so many bytes or files, and gives the bytes. Only the names of the first are kept: see `Cost.peak`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    names, total = [], 0

    def texts():
        for article in corpus.articles(10e6):
            yield article.encode()
        yield from (path.read_bytes() for path in itertools.cycle(tuple(names)))

    with open(joined, "wb") as together:
        for number, article in enumerate(texts()):
            if total >= size or number >= files:
                return total
            path = folder / f"{number // 1000:03}" / f"{number % 1000:03}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(article)
            together.write(article + b"\n")
            if total < 10e6:
                names.append(path)
            total += len(article)


def memory(options):
    cores = os.sched_getaffinity(0)
    options.work.mkdir(parents=True, exist_ok=True)
    output = options.work / "table.csv"
    peaks = {"folder of files of 5 kB": [], "one file": []}
    for size in options.sizes:
        folder, joined = options.work / "articles", options.work / "joined.txt"
        write_articles(folder, joined, size=size * 1e6)
        for name, source in zip(peaks, (folder, joined)):
            print(f"{size:g} MB, {name}", file=sys.stderr)
            command = [options.framescope, "classify", source, "-o", output]
            peaks[name].append(measure(command, cores, options.work / "said").peak)
    floor = measure(["true"], cores, options.work / "said").peak
    yield (f"Peak resident memory of `framescope classify INPUT -o table.csv`, MB (built-in model, "
           f"{len(cores)} threads). Less than {floor / 1e6:.0f} MB could not be seen.")
    yield ""
    yield "| text | " + " | ".join(f"{size:,g} MB" for size in options.sizes) + " |"
    yield "| --- |" + " ---: |" * len(options.sizes)
    for name, found in peaks.items():
        yield f"| {name} | " + " | ".join(f"{peak / 1e6:.0f}" for peak in found) + " |"


def text(options):
    learn, _, _ = prepare(options, 0)
    model = options.work / "framescope.framescope"
    train_framescope(options, learn, model)
    folder, joined = options.work / "articles", options.work / "joined.txt"
    size = write_articles(folder, joined, files=options.files)
    every = os.sched_getaffinity(0)
    sources = {f"{options.files:,} files": folder, "one file": joined}
    cases = [(name, threads) for name in sources for threads in (1, 2)]
    runs = {case: [] for case in cases}
    for number in range(options.rounds):
        for name, threads in cases:
            print(f"round {number + 1}: {name}, {threads}", file=sys.stderr)
            cores = {options.core} if threads == 1 else every
            command = [options.framescope, "classify", sources[name], "-m", model,
                       "--threads", str(threads), "-o", options.work / "table.csv"]
            runs[name, threads].append(measure(command, cores, options.work / "said"))
    yield (f"{size / 1e6:,.0f} MB of text files to a CSV table, words 1-2 as features; medians of "
           f"{options.rounds} rounds.")
    yield ""
    yield "| text | threads | wall, s | CPU, s | MB/s, wall |"
    yield "| --- " + "| ---: " * 4 + "|"
    for (name, threads), costs in runs.items():
        cost = median(costs)
        yield (f"| {name} | {threads} | {cost.wall:.2f} | {cost.cpu:.2f} "
               f"| {size / cost.wall / 1e6:.1f} |")


def setting(options):
    """Where, when and of what versions the figures are."""
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    commit = run("git", "-C", corpus.ROOT, "rev-parse", "--short", "HEAD")
    versions = [f"framescope at {commit}", f"Python {platform.python_version()}"]
    if not (options.memory or options.text):
        pinned = (HERE / "requirements.txt").read_text().split() + [FASTTEXT]
        shown = [line.replace("==", " ") for line in pinned
                 if line.startswith(("scikit", "numpy", "scipy", "vowpal", "fasttext"))]
        versions += shown + [run("g++", "--version").split("\n")[0]]
    if shutil.which("rustc"):
        versions.append(run("rustc", "--version"))
    yield (f"{datetime.date.today():%-d %B %Y}, {processor[1] if processor else platform.machine()}, "
           f"{os.cpu_count()} cores, Linux {platform.release()}; {'; '.join(versions)}.")
    yield ""
    yield f"    {shlex.join(['python3', 'benches/peers/run.py', *sys.argv[1:]])}"
    yield ""


def main():
    options = arguments()
    measured = memory if options.memory else text if options.text else compare
    if measured is not compare and not options.framescope.exists():
        sys.exit(f"{options.framescope} is not there: cargo build --release")
    with contextlib.ExitStack() as stack:
        files = [sys.stdout]
        if options.output:
            files.append(stack.enter_context(open(options.output, "w", encoding="utf-8")))
        for line in itertools.chain(setting(options), measured(options)):
            for file in files:
                print(line, file=file, flush=True)


main()
