"""The text form, read from several threads at once."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
from remit.kernel.codec import build, decode
from remit.kernel.command import Command
from remit.kernel.event import Record
sys.setswitchinterval(1e-6)
go, read = threading.Event(), []
def learn(how, kind, source):
    go.wait()
    try:
        how(kind, source)
    except ValueError:
        read.append(kind)
ways = [(decode, Record, b"{}"), (decode, Command, b"{}"), (build, Record, {}), (build, Command, {})]
threads = [threading.Thread(target=learn, args=way) for way in ways]
for thread in threads:
    thread.start()
go.set()
for thread in threads:
    thread.join()
print(len(read))
"""


def test_threads_may_learn_of_one_kind_at_the_same_time() -> None:
    """Without a lock the process ends with a segmentation fault, in the codec's C code, nearly every time."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr
