"""`python -m remit.bench`."""

from remit.bench.command import main

main()
