"""What a program costs: wall time, processor time and memory, as the kernel counts them."""

import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import NamedTuple


class Cost(NamedTuple):
    wall: float
    cpu: float
    # In bytes. Linux counts what the parent held when it forked, so that a parent that is to measure
    # memory must be small itself.
    peak: int


def measure(command, cores, output):
    """Runs a command on some cores only, its standard output into the file `output`."""
    # Libraries that start threads of their own would only fight over the one core.
    alone = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS")}
    messages = pathlib.Path(f"{output}.messages")
    with open(output, "wb") as file, open(messages, "wb") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=file, stderr=errors,
            env=os.environ | alone, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{messages.read_text()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def median(costs):
    """The median of each of the numbers."""
    return Cost(*map(statistics.median, zip(*costs)))
