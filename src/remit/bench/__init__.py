"""The benchmarks: what Remit costs beside a raw limit or a peer in the same run: ratios, never a time as a verdict."""
