#!/usr/bin/env python3
"""Writes coded.parquet: what pyarrow makes of every kind of column that is read, and of one that is not.

    pip install pyarrow && python3 tests/reference/parquet/make.py

The texts are invented.
"""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

day = datetime.date(2024, 5, 1)
noon = datetime.datetime(2024, 5, 1, 12, 30, 0, 250000)
table = pa.table(
    {
        "id": pa.array(["a", "b", "c", "d"], pa.large_string()),
        "text": pa.array(["Mills “export”.", "We wait, we see.", "No?\nNo.", "Rivers rose."], pa.string_view()),
        "labels": pa.array([["trade:support", "green"], [], None, ["?"]], pa.list_(pa.string())),
        "source": pa.array(["Wire", "Post", "Wire", None]).dictionary_encode(),
        "date": pa.array([day, day, None, datetime.date(1969, 12, 31)]),
        "seen": pa.array([noon, None, noon, noon], pa.timestamp("us")),
        "sent": pa.array([noon] * 4, pa.timestamp("ms", tz="UTC")),
        "words": pa.array([2, 4, 2, None], pa.uint8()),
        "score": [0.5, None, 1e-7, 1.0],
        "price": pa.array([decimal.Decimal("1.50")] * 3 + [decimal.Decimal("-0.05")], pa.decimal128(9, 2)),
        "front": [True, False, None, True],
        "place": [{"page": 1}] * 4,
        "tags": [["x"], [], None, ["y"]],
    }
)
pq.write_table(table, pathlib.Path(__file__).with_name("coded.parquet"), row_group_size=3, store_schema=False)
