#!/usr/bin/env python3
"""Millions of sentences in Parquet, classified to Parquet in one command: time and memory.

    pip install pyarrow pandas duckdb
    cargo build --release && python3 benches/parquet.py [SENTENCES]    # 5,000,000 by default

Makes sentences of about 100 bytes in a temporary folder (columns id, text, source, date), runs
`framescope classify --unit row`, opens the result with DuckDB and pandas, and compares the first
1,000 rows and the 1,000 from the middle with what the same rows give as CSV. Asserts that memory
stays below 300 MB. Linux: the peak of memory is the program's VmHWM as the system counts it.
"""

import csv
import datetime
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "framescope"
BATCH = 100_000
MOST_MEMORY = 300  # MB

SUBJECTS = ["The ministry", "A plant in Haoyuan", "The trade fair", "Our correspondent", "The bank", "A group of mills"]
VERBS = ["expects", "announced", "welcomed", "criticised", "postponed", "financed"]
OBJECTS = ["imports of machine tools", "a line for solar cells", "stricter checks of exports", "home-made valves", "new ports", "cleaner steel"]
ENDS = ["after months of talks", "as orders from abroad rose", "despite warnings of its rivals", "by the end of the year"]


def table(first, count, draw):
    """Sentences with made-up figures; the same for the same `draw`."""
    numbers = range(first, first + count)
    text = [
        f"{draw.choice(SUBJECTS)} {draw.choice(VERBS)} {draw.choice(OBJECTS)} worth {draw.randrange(10**6)} "
        f"million {draw.choice(ENDS)}, report {number}."
        for number in numbers
    ]
    day = datetime.date(2020, 1, 1)
    return pa.table(
        {
            "id": [f"s{number}" for number in numbers],
            "text": text,
            "source": [("Harbour Wire", "Norden Post", "Vale Times")[number % 3] for number in numbers],
            "date": pa.array([day + datetime.timedelta(number % 1500) for number in numbers]),
        }
    )


def classify(input, output, *options):
    """Runs the program; gives seconds and the peak of its memory in MB."""
    started = time.monotonic()
    process = subprocess.Popen([PROGRAM, "classify", input, "--unit", "row", "-o", output, *options], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return time.monotonic() - started, usage.ru_maxrss / 1024


def check_slice(folder, result, first):
    """Compares rows of the result with those that the same sentences give in CSV."""
    columns = ["id", "text", "source", "date"]
    rows = duckdb.sql(f"select * from '{folder}/in.parquet' limit 1000 offset {first}").fetchall()
    with open(folder / "slice.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    classify(folder / "slice.csv", folder / "slice.out.csv")
    expected = pandas.read_csv(folder / "slice.out.csv", keep_default_na=False)
    found = duckdb.sql(f"select * from '{result}' limit 1000 offset {first}").df()
    pandas.testing.assert_frame_equal(found, expected, check_dtype=False)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    draw = random.Random(42)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source, result = folder / "in.parquet", folder / "out.parquet"
        writer = None
        bytes_of_text = 0
        for first in range(0, count, BATCH):
            batch = table(first, min(BATCH, count - first), draw)
            bytes_of_text += sum(len(text.as_py()) for text in batch["text"])
            writer = writer or pq.ParquetWriter(source, batch.schema)
            writer.write_table(batch)
        writer.close()
        print(f"{count:,} sentences, {bytes_of_text / 1e6:.0f} MB of text, {source.stat().st_size / 1e6:.0f} MB in Parquet")
        seconds, memory = classify(source, result)
        rate = bytes_of_text / 1e6 / seconds
        print(f"classified in {seconds:.1f} s ({rate:.1f} MB/s of text, {count / seconds:,.0f} sentences a second)")
        print(f"memory at the peak: {memory:.0f} MB; result: {result.stat().st_size / 1e6:.0f} MB")
        assert memory < MOST_MEMORY, memory
        assert duckdb.sql(f"select count(*), count(distinct id) from '{result}'").fetchall() == [(count, count)]
        ids = pandas.read_parquet(result, columns=["id"])["id"]
        assert len(ids) == count and ids.iloc[-1] == f"s{count - 1}"
        for first in (0, count // 2):
            check_slice(folder, result, first)
        groups = pq.ParquetFile(result).metadata.num_row_groups
        print(f"DuckDB and pandas find all rows, in {groups} row groups; 2,000 of them equal those of CSV")


if __name__ == "__main__":
    main()
