"""The codec: threads read records at the same time."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
from remit.kernel.codec import decode
from remit.kernel.command import Command
from remit.kernel.event import Record
sys.setswitchinterval(1e-6)
go, read = threading.Event(), []
by = b'{"name":"a","role":"agent","token":"t","door":"","owner":""}'
source = b'{"seq":1,"at":1,"by":%b,"body":{"kind":"submit","intent":{}}}' % by
def use(kind):
    go.wait()
    try:
        decode(kind, source)
    except ValueError:
        read.append(kind)
threads = [threading.Thread(target=use, args=(kind,)) for kind in (Record, Command) * 4]
for thread in threads:
    thread.start()
go.set()
for thread in threads:
    thread.join()
print(len(read))
"""


def test_threads_read_records_at_the_same_time() -> None:
    """Unless they were learnt as they were defined the process mostly ends with a segmentation fault."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "8"), done.stderr
