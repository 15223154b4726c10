"""The sentences that every program gets, in the form in which it wants them.

The recipe is that of benches/support/mod.rs: the sentences of labels/, every fourth word replaced by
a made-up one whose rank is drawn by Zipf's law; a label is there where one of its made-up words is.
No more than a sentence is held in memory at a time: `measure.py` says why.
"""

import contextlib
import csv
import itertools
import pathlib
import random
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MADE_UP = 40_000
SENTENCE_BYTES = 150
FRAMES = 5
SYLLABLES = ("ba ker mi lon tra vis pol ne dur sha wo gen fi rast qua ul ster jo hy cem").split()
# What scikit-learn's TfidfVectorizer takes for a word.
WORD = re.compile(r"\b\w\w+\b")


def made_up(rank):
    """A word that no dictionary has, short for small ranks."""
    word, rest = "", rank + len(SYLLABLES)
    while rest > 0:
        word += SYLLABLES[rest % len(SYLLABLES)]
        rest //= len(SYLLABLES)
    return word


SIGNS = [[made_up(1 + frame + FRAMES * word) for word in range(6)] for frame in range(FRAMES)]


def labels_of(sentence):
    return [frame for frame, signs in enumerate(SIGNS) if any(sign in sentence for sign in signs)]


def made_sentences():
    """Sentences of about 150 bytes without end, each with its labels; the same at every call."""
    with open(ROOT / "labels" / "sentences.csv", encoding="utf-8", newline="") as file:
        texts = [row["text"].split(" ") for row in csv.DictReader(file)]
    texts = [[(word, len(word.encode())) for word in words] for words in texts]
    draw = random.Random(1).random
    while True:
        words, length = [], -1
        while length < SENTENCE_BYTES:
            for word, size in texts[int(draw() * len(texts))]:
                if draw() < 0.25:
                    # P(rank > r) falls as 1/r, up to the last rank.
                    uniform = 1 / MADE_UP + draw() * (1 - 1 / MADE_UP)
                    word = made_up(int(1 / uniform))
                    size = len(word)
                words.append(word)
                length += size + 1
                if length > SENTENCE_BYTES + 30:
                    break
        sentence = " ".join(words)
        yield sentence, labels_of(sentence)


def read_sentences(path):
    """The sentences of a label file with the frames f0 to f4."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"], [int(label[1:]) for label in row["labels"].split("|") if label]


def tokens(sentence):
    """The words of a sentence, lower-cased: programs that do not look for words get them found."""
    return " ".join(WORD.findall(sentence.lower()))


class Sentences:
    """The same sentences in a file for every program, and how many bytes they are."""

    def __init__(self, folder, name):
        self.table, self.lines, self.labels, self.fasttext, self.vw = (
            folder / f"{name}.{ending}" for ending in ("csv", "txt", "labels", "fasttext", "vw"))
        self.bytes = self.count = 0

    def write(self, sentences, labelled):
        """Writes all files. Without `labelled`, no program finds in its own what it is asked."""
        paths = self.table, self.lines, self.labels, self.fasttext, self.vw
        with contextlib.ExitStack() as stack:
            table, lines, truth, fasttext, vw = (
                stack.enter_context(open(path, "w", encoding="utf-8", newline=""))
                for path in paths)
            rows = csv.writer(table, lineterminator="\n")
            rows.writerow(["id", "text", "labels"] if labelled else ["id", "text"])
            for sentence, labels in sentences:
                names = [f"f{label}" for label in labels]
                words = tokens(sentence)
                shown = labels if labelled else []
                row = [f"s{self.count}", sentence]
                rows.writerow([*row, "|".join(names)] if labelled else row)
                lines.write(sentence + "\n")
                truth.write("|".join(names) + "\n")
                fasttext.write("".join(f"__label__f{label} " for label in shown) + words + "\n")
                vw.write(",".join(map(str, shown)) + f" | {words}\n")
                self.count += 1
                self.bytes += len(sentence.encode()) + 1
        return self


def up_to(size, sentences):
    """Sentences until their bytes, ends of lines counted, reach `size`."""
    total = 0
    for sentence, labels in sentences:
        if total >= size:
            return
        total += len(sentence.encode()) + 1
        yield sentence, labels


def articles(size):
    """Texts of about 5 kB, paragraphs of five sentences, `size` bytes in all."""
    source = made_sentences()
    total = 0
    while total < size:
        paragraphs = []
        for _ in range(6):
            words = [sentence.strip(" .?!;:,") for sentence, _ in itertools.islice(source, 5)]
            paragraphs.append(" ".join(f"{text[:1].upper()}{text[1:]}." for text in words))
        article = "\n\n".join(paragraphs) + "\n"
        total += len(article.encode())
        yield article
