"""D: every decision explains itself, follows from the journal alone, and is never loosened by more limits."""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import VERDICTS, Decision, Record
from remit.testing.sim.invariants.again import verdict_rank
from remit.testing.sim.invariants.check import Check
from remit.testing.sim.observer import Seen


def rules_of(decision: Decision | None) -> str:
    """Return a decision in words: its verdict and what did not hold."""
    if decision is None:
        return "no decision"
    findings = ", ".join(f"{f.rule} of {f.subject}: {f.actual} against {f.limit}" for f in decision.findings)
    return f"{decision.verdict}{f' ({findings})' if findings else ''}"


class Explained(Check):
    """D1. Each decision is made again by a kernel that was fed the same commands, and each rule is judged on its own by
    walking the table, so that every line which does not hold is known: all of them must be told, with their numbers."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        decision, seq = record.decision, record.command.seq
        derived = self.known.again.derived
        if derived is not None and derived.decision != decision:
            yield f"entry {seq} decided {rules_of(decision)}, and deciding again gives {rules_of(derived.decision)}"
        if decision is None:
            return
        for finding in decision.findings:
            missing = [name for name in ("rule", "subject", "limit", "actual", "unit") if not getattr(finding, name)]
            if missing:
                lacks = " and no ".join(missing)
                yield f"entry {seq}: a finding of {finding.rule} for {finding.subject} has no {lacks}"
        yield from self._verdict(record, decision)
        for judged in self.known.again.judged:
            if len(judged.decision.findings) != judged.lines:
                yield (
                    f"entry {seq} tells {len(judged.decision.findings)} findings, and {judged.lines} lines of the "
                    f"table do not hold: {rules_of(judged.decision)}"
                )

    def _verdict(self, record: Record, decision: Decision) -> Iterator[str]:
        seq, body = record.command.seq, record.command.body
        tightest = max((VERDICTS.index(finding.verdict) for finding in decision.findings), default=0)
        if decision.verdict != "allow" and not decision.findings:
            yield f"entry {seq} decided {decision.verdict} and says no reason"
        by_people = isinstance(body, c.Approve) or any(isinstance(event, e.PreapprovalUsed) for event in record.events)
        if not by_people and verdict_rank(decision) != tightest:
            yield f"entry {seq} decided {decision.verdict}, and the tightest finding is {VERDICTS[tightest]}"
        for event in record.events:
            let_out = isinstance(event, e.ReplaceAsked) or (isinstance(event, e.Reserved) and event.state == "allowed")
            if let_out and decision.verdict != "allow":
                yield f"entry {seq} lets {decision.order} out, and decided {rules_of(decision)}"
            if isinstance(event, e.Reserved) and event.state == "held" and decision.verdict != "hold":
                yield f"entry {seq} holds {decision.order}, and decided {rules_of(decision)}"


class NeverLooser(Check):
    """D2. One decision in four, drawn from the seed, is judged again with one limit more for one subject on its path,
    or with a tighter one where it has that limit: the verdict is the same or tighter. A sample, because each costs as
    much as a decision."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        for judged in self.known.again.judged:
            if judged.tighter is not None and verdict_rank(judged.tighter) < verdict_rank(judged.decision):
                yield (
                    f"entry {record.command.seq} decided {rules_of(judged.decision)}, and with {judged.added} "
                    f"it would be {rules_of(judged.tighter)}"
                )


class AnyOrder(Check):
    """D3. Every decision is judged again with the rules in another order, drawn from the seed."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        for judged in self.known.again.judged:
            one, other = judged.decision, judged.other
            same = one.verdict == other.verdict and sorted(map(str, one.findings)) == sorted(map(str, other.findings))
            if not same:
                yield (
                    f"entry {record.command.seq} decided {rules_of(one)}, and with the rules in another order "
                    f"{rules_of(other)}"
                )
