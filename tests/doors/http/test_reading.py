"""The read model beside the doors: its thread reads what the loop reads."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
from remit.doors.http.reading import learn
from remit.kernel.codec import build, decode
from remit.kernel.command import Command
from remit.kernel.event import Record
learn()
sys.setswitchinterval(1e-6)
go, read = threading.Event(), []
def use(how, kind, source):
    go.wait()
    try:
        how(kind, source)
    except ValueError:
        read.append(kind)
ways = [(decode, Record, b"{}"), (decode, Command, b"{}"), (build, Record, {}), (build, Command, {})]
threads = [threading.Thread(target=use, args=way) for way in ways]
for thread in threads:
    thread.start()
go.set()
for thread in threads:
    thread.join()
print(len(read))
"""


def test_threads_read_records_at_the_same_time_once_the_codec_knows_them() -> None:
    """Without `learn` the process ends with a segmentation fault nearly every time."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr
