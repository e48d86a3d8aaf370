"""Mutants: small deliberate breaks of the code, each of which the simulator must catch.

An invariant that nobody ever saw fail proves little. So for each one there is at least one mistake that somebody could
make in an afternoon, and the simulator must find it within a stated number of seeds: with no help, or, where what
brings it about is one rare thing of a hundred, in schedules that are drawn towards that.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One exact change of one module: `old` stands there once, `new` takes its place.

    `what` says what is broken. `invariant` is the one it breaks, `also` are those that may tell first, `why` says why
    they do. Some of seeds 1 to `seeds` must fail by one of these. `towards` names the deeds, faults and limits that the
    schedules are drawn towards.
    """

    name: str
    what: str
    invariant: str
    module: str
    old: str
    new: str
    seeds: int
    also: tuple[str, ...] = ()
    why: str = ""
    towards: tuple[str, ...] = ()


def by_name(name: str) -> Mutant:
    """Return a mutant; KeyError where there is none of that name."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]


PERMITS = (
    Mutant(
        "act_before_journal",
        "what a batch asks for is carried out first, and the disk is written right after that",
        "P1",
        "remit.guard.loop",
        """\
            if taken:
                self._before_sync()
                self.journal.commit(self.journal.seal())
            for entry in taken:
                self._let_out(entry)
""",
        """\
            for entry in taken:
                self._let_out(entry)
            if taken:
                self._before_sync()
                asyncio.get_running_loop().call_soon(self.journal.commit, self.journal.seal())
""",
        30,
        ("J5",),
        "what is let out is told of while nothing of it is durable",
    ),
    Mutant(
        "permit_names_another_entry",
        "a permit names the entry before the one that allowed it",
        "P1",
        "remit.guard.courier",
        """\
                seq=seq,
                action=act.do,
""",
        """\
                seq=seq - 1,
                action=act.do,
""",
        30,
    ),
    Mutant(
        "sync_left_out",
        "a batch is written and never synced, so that a power loss takes what was acted upon",
        "P1",
        "remit.journal.log",
        """\
            self._store.write(self._segment, self._offset, batch.data)
            self._store.sync(self._segment)
""",
        """\
            self._store.write(self._segment, self._offset, batch.data)
""",
        30,
        ("J5",),
        "the head that was acknowledged is gone after the power loss, too",
    ),
    Mutant(
        "request_made_anew",
        "the request is encoded a second time when it is sent, so other bytes leave than the journal has a digest of",
        "P2",
        "remit.guard.courier",
        """\
        assert request is not None
        venue = self._venues[self._state.connections[connection].venue]
        ends_at""",
        """\
        assert request is not None
        venue = self._venues[self._state.connections[connection].venue]
        if act.do == "place" and order is not None:
            request = venue.place(order, self._state.instruments[order.instrument], self._loop.now(), seq)
        ends_at""",
        30,
    ),
    Mutant(
        "digest_without_body",
        "the digest names the method and the path and not the body",
        "P2",
        "remit.kernel.permit",
        "for part in (self.method.encode(), self.path.encode(), self.body):",
        "for part in (self.method.encode(), self.path.encode()):",
        30,
    ),
    Mutant(
        "sent_again_after_timeout",
        "the link sends the same bytes again where no reply came",
        "P3",
        "remit.guard.link",
        """\
        reply = wire.ask(pack(make()))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await reply
        except TimeoutError:
            wire.drop(f"no reply from {self.path} within {self._timeout_s} s")
            raise NoReply(f"no reply from {self.path} within {self._timeout_s} s", _ASK_LATER) from None
""",
        """\
        frame = pack(make())
        for _ in range(2):
            wire = await self._open()
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await wire.ask(frame)
            except (NoReply, TimeoutError):
                wire.drop(f"no reply from {self.path} within {self._timeout_s} s")
        raise NoReply(f"no reply from {self.path} within {self._timeout_s} s", _ASK_LATER)
""",
        30,
    ),
    Mutant(
        "unknown_order_placed_again",
        "an order of unknown outcome is placed again instead of asked about",
        "P3",
        "remit.kernel.kernel",
        'found.append(Act("query", event.order))',
        'found.append(Act("place", event.order))',
        30,
        ("E2", "E3"),
        "the courier places nothing that is not allowed any more, and says that it never left: it did",
    ),
    Mutant(
        "permit_life_begins_at_sending",
        "how long a permit lives is counted from when it is sent and not from the entry that allowed it",
        "P4",
        "remit.guard.courier",
        "ends_at = due.record.command.at + PERMIT_LIFE_NS",
        "ends_at = self._loop.now() + PERMIT_LIFE_NS",
        30,
    ),
    Mutant(
        "permit_without_expiry",
        "a permit that is sent ends in a day, whatever its entry said",
        "P4",
        "remit.guard.courier",
        "expires_at=ends_at + max(self._world.now() - at, 0),",
        "expires_at=ends_at + max(self._world.now() - at, 0) + 86_400 * NANOSECONDS,",
        30,
    ),
    Mutant(
        "halt_during_send_passed_over",
        "nobody looks for halts any more when an order waits for its link, only when it is judged",
        "P4",
        "remit.guard.courier",
        """\
    if do == "place":
        return stop_of(state, order)
""",
        """\
    if do == "place":
        return ""
""",
        60,
        ("H1",),
        "what is signed for a halted scope opens while it is halted",
        towards=("halt_during_send",),
    ),
)

EXPOSURE = (
    Mutant(
        "check_and_reserve_apart",
        "the sums are read once per instant: orders of one storm are judged as if none of the others were there",
        "E1",
        "remit.kernel.decide",
        """\
        found = lens.evaluator.check(facts, lens.sums, changes)
        if found and asked.by.role == "guard" and not facts.opening:
            found = [index for index in found if lens.evaluator.lines[index].rule.name in GUARD_EXIT_RULES]
        findings: tuple[Finding, ...] = ()
        needs = None
        verdict = 0
        if found:
            findings = lens.evaluator.findings(
                found, facts, lens.sums, changes,""",
        """\
        import copy
        kept = self.__dict__.setdefault("kept", {})
        if kept.get("at") != asked.at:
            kept.clear()
            kept["at"] = asked.at
        if id(lens) not in kept:
            kept[id(lens)] = tuple(copy.copy(sums) for sums in lens.sums)
        sums = kept[id(lens)]
        found = lens.evaluator.check(facts, sums, changes)
        if found and asked.by.role == "guard" and not facts.opening:
            found = [index for index in found if lens.evaluator.lines[index].rule.name in GUARD_EXIT_RULES]
        findings: tuple[Finding, ...] = ()
        needs = None
        verdict = 0
        if found:
            findings = lens.evaluator.findings(
                found, facts, sums, changes,""",
        30,
        ("D1",),
        "with the sums as they were, the order would have been judged otherwise",
    ),
    Mutant(
        "held_reserves_nothing",
        "an order that waits for people reserves nothing",
        "E1",
        "remit.kernel.fold",
        """\
    reserve(state, order, order.quantity)
    fold_exits.tried""",
        """\
    if event.state != "held":
        reserve(state, order, order.quantity)
    fold_exits.tried""",
        30,
        ("E3",),
        "the sum of what live orders must reserve is not what is reserved",
    ),
    Mutant(
        "reservation_told_late",
        "a reservation reaches the sums of the whole subject only with the next fill or mark",
        "E1",
        "remit.kernel.book",
        """\
            sums.working += orders
        self.refresh()
""",
        """\
            sums.working += orders
        if quantity < 0:
            self.refresh()
""",
        30,
        ("E3",),
        "until then the sums do not match what they sum up",
    ),
    Mutant(
        "replace_reserves_new_terms_alone",
        "a replace reserves its new quantity at once, although the larger old one may still fill",
        "E1",
        "remit.kernel.fold",
        "reserve(state, order, int(decision.quantity))",
        "reserve(state, order, int(event.quantity) - order.filled)",
        60,
        ("E3",),
        "an order reserves less than may still fill of it",
    ),
    Mutant(
        "unknown_frees_reservation",
        "an order of unknown outcome gives its reservation back",
        "E2",
        "remit.kernel.fold",
        """\
    fold_drift.note_unknown(state, order)
    if event.state in TERMINAL:
        finish(state, order)


def finish""",
        """\
    fold_drift.note_unknown(state, order)
    if event.state == "unknown":
        unreserve(state, order, order.reserved)
    if event.state in TERMINAL:
        finish(state, order)


def finish""",
        30,
        ("E3",),
        "no venue said that the order is over",
    ),
    Mutant(
        "timeout_is_rejection",
        "a place that nobody answered is taken for rejected",
        "E2",
        "remit.guard.courier",
        "await self._enter(c.Lost(order=order.id, why=fault.message[:500]))",
        'await self._enter(c.Rejected(order=order.id, code="timeout"))',
        30,
        ("E3",),
        "the reservation of an order of unknown outcome ended without a venue's word",
    ),
    Mutant(
        "freed_at_cancel_request",
        "an order gives its reservation back when its cancel is asked for",
        "E3",
        "remit.kernel.fold",
        """\
    order.state, order.changed_at = "pending_cancel", command.at
    count_message""",
        """\
    order.state, order.changed_at = "pending_cancel", command.at
    unreserve(state, order, order.reserved)
    count_message""",
        30,
        ("E1",),
        "what still works does not count",
    ),
    Mutant(
        "cancel_answer_is_its_end",
        "a venue's answer to a cancel ends the order whatever it says, also that the order is not there yet",
        "E3",
        "remit.venues.paper.codec",
        """\
        return (command.ReplaceRefused(order=order, code=refused.code),)
    return None
""",
        """\
        return (command.ReplaceRefused(order=order, code=refused.code),)
    if action == "cancel":
        return (command.Cancelled(order=order),)
    return None
""",
        60,
        towards=("approving_storm", "cancel_everything", "clicking_storm", "late_request"),
    ),
    Mutant(
        "cash_kept_until_the_end",
        "a fill gives no cash back: all that an order reserved stays reserved until it is over",
        "E3",
        "remit.kernel.reserve",
        "cash = div_ceil(order.cash * left, order.reserved)",
        "cash = order.cash if left else 0",
        30,
    ),
    Mutant(
        "release_reserves_again",
        "an approved order reserves anew without giving back what it reserved while it was held",
        "E3",
        "remit.kernel.fold",
        """\
    order = state.orders[event.order]
    unreserve(state, order, order.reserved)
    del state.holds[order.id]
""",
        """\
    order = state.orders[event.order]
    del state.holds[order.id]
""",
        30,
    ),
    Mutant(
        "replace_gives_back_too_much",
        "a settled replace gives the whole old quantity back, also what had filled, so that sums go below zero",
        "E3",
        "remit.kernel.fold",
        """\
    assert order.pending is not None
    unreserve(state, order, order.reserved)
""",
        """\
    assert order.pending is not None
    unreserve(state, order, order.quantity)
""",
        100,
        ("E1", "guard_crash"),
        "the book itself refuses to go below zero, and the guard stops",
    ),
    Mutant(
        "late_fill_ignored",
        "a fill that comes after its order's end is not booked",
        "E4",
        "remit.kernel.report",
        """\
    if fill_key(order.connection, body.fill) in step.state.fills:
        return
    if body.quantity""",
        """\
    if fill_key(order.connection, body.fill) in step.state.fills or order.is_terminal:
        return
    if body.quantity""",
        30,
        ("R1",),
        "the venue has a position that the book does not know",
        towards=("filled_after", "lost_reply", "cancel"),
    ),
    Mutant(
        "fill_booked_twice",
        "a fill that is told twice, once in a reply and once in the stream, is booked twice",
        "E4",
        "remit.kernel.report",
        """\
    if fill_key(order.connection, body.fill) in step.state.fills:
        return
    if body.quantity""",
        """\
    if body.quantity""",
        60,
        ("E1", "R1"),
        "the book has a position that the venue does not",
        towards=("doubled", "lost_reply", "filled_first"),
    ),
    Mutant(
        "client_reduces_what_others_hold",
        "a client's order that only reduces may close what the client never bought",
        "E5",
        "remit.kernel.gather",
        'if asked.client and intent.reduce != "any":',
        "if False:",
        60,
        towards=("reduce", "closing_storm"),
    ),
    Mutant(
        "reduction_stopped_by_loss_halt",
        "under a halt for a loss nothing passes, also what only reduces",
        "E5",
        "remit.kernel.event",
        'REDUCING_PASSES: frozenset[str] = frozenset({"loss", "clock"})',
        'REDUCING_PASSES: frozenset[str] = frozenset({"clock"})',
        60,
        towards=("swing", "leaping", "reduce", "fund_loss"),
    ),
    Mutant(
        "reduction_stopped_by_loss",
        "the largest loss of a day binds what only reduces, too",
        "E5",
        "remit.kernel.rules.table",
        "Rule(d.daily_loss_max, at_most, LOSS, lane=OPENING, unit=MONEY, state=True),",
        "Rule(d.daily_loss_max, at_most, LOSS, unit=MONEY, state=True),",
        30,
        towards=("swing", "reduce", "fund_loss"),
    ),
)

DECISIONS = (
    Mutant(
        "finding_dropped",
        "only the first rule that does not hold is told",
        "D1",
        "remit.kernel.rules.compile",
        "breach.finding(*subjects[breach.line.level]) for breach in self.breaches(found, order, sums, changes)",
        "breach.finding(*subjects[breach.line.level]) for breach in self.breaches(found[:1], order, sums, changes)",
        30,
    ),
    Mutant(
        "finding_without_its_limit",
        "a finding that asks people does not say from which limit on",
        "D1",
        "remit.kernel.rules.compile",
        "rule=rule.name, subject=subject, limit=_short(shown),",
        'rule=rule.name, subject=subject, limit="" if self.verdict == "hold" else _short(shown),',
        30,
    ),
    Mutant(
        "last_scope_wins",
        "of one limit at several scopes only the last one binds, so that an agent's overrides its firm's",
        "D2",
        "remit.kernel.rules.compile",
        """\
        for level, (scope, _, mandate) in enumerate(path):
            lines += _limit_lines(rule, level, scope, mandate)
""",
        """\
        bound: list[Line] = []
        for level, (scope, _, mandate) in enumerate(path):
            bound = _limit_lines(rule, level, scope, mandate) or bound
        lines += bound
""",
        30,
        ("E1",),
        "the firm's cap is passed",
    ),
    Mutant(
        "last_rule_decides",
        "the last rule in the table that does not hold decides, and not the tightest verdict",
        "D3",
        "remit.kernel.decide",
        "verdict = max(VERDICTS.index(finding.verdict) for finding in findings)",
        "verdict = VERDICTS.index(findings[-1].verdict)",
        30,
        ("D1", "E1"),
        "a held order names a rule that denies, and may pass a cap",
    ),
)

STOPS = (
    Mutant(
        "crossing_counts_as_reducing",
        "an order of which any part reduces counts as a reduction, also where it crosses through flat",
        "H1",
        "remit.kernel.gather",
        "facts.opening = quantity > reducing",
        "facts.opening = not reducing",
        60,
        ("E1",),
        "the part beyond flat passes the caps, too",
    ),
    Mutant(
        "halt_cleared_by_restart",
        "a start of the guard forgets the halts",
        "H2",
        "remit.kernel.took",
        "state.crashed = not body.clean\n",
        "state.crashed = not body.clean\n    state.halts, state.halted = {}, {}\n",
        30,
    ),
    Mutant(
        "halt_lost_in_snapshot",
        "a start from a snapshot forgets whom the halts stop",
        "H2",
        "remit.kernel.snapshot",
        "state.halted[halt.subject] = (*state.halted.get(halt.subject, ()), halt.id)\n",
        "pass\n",
        30,
        ("J3", "guard_crash"),
        "the state from a snapshot is not the first entry's, and the end of a halt that it forgot cannot be folded",
        towards=("restart", "halt"),
    ),
    Mutant(
        "resume_ends_every_halt",
        "the resume of one halt ends every other halt of its subject",
        "H2",
        "remit.kernel.took",
        "state.halted[halt.subject] = left",
        "state.halted[halt.subject] = ()",
        60,
    ),
    Mutant(
        "unpause_ends_halt",
        "who ends a pause ends the halts of its subject, too",
        "H2",
        "remit.kernel.took",
        "state.pauses.pop(body.subject, None)",
        "state.pauses.pop(body.subject, None), state.halted.update({body.subject: ()})",
        60,
    ),
    Mutant(
        "mandate_ends_halt",
        "a new mandate ends the halts of its subject",
        "H2",
        "remit.kernel.fold_people",
        "state.history.setdefault(body.subject, []).append(of.version)",
        "state.history.setdefault(body.subject, []).append(of.version), state.halted.update({body.subject: ()})",
        60,
        towards=("halt", "tighten", "loosen_one"),
    ),
    Mutant(
        "resumed_by_the_halted_agent",
        "an agent may review and resume halts, its own among them",
        "H2",
        "remit.kernel.authority",
        "**dict.fromkeys((c.SetMandate, c.Review, c.Resume), OWNERS),",
        "c.SetMandate: OWNERS, **dict.fromkeys((c.Review, c.Resume), TRADERS | OWNERS),",
        60,
        towards=("widen_itself", "halt"),
    ),
    Mutant(
        "halt_without_alert",
        "a kill alerts nobody",
        "H3",
        "remit.kernel.kernel",
        "elif isinstance(event, e.HaltRaised):",
        'elif isinstance(event, e.HaltRaised) and event.cause != "kill":',
        30,
    ),
)

APPROVALS = (
    Mutant(
        "agent_may_approve",
        "an agent or a client may approve",
        "A1",
        "remit.kernel.authority",
        "**dict.fromkeys((c.Approve, c.Decline, c.Preapprove, c.RevokePreapproval, c.SetPause), PEOPLE),",
        "**dict.fromkeys((c.Approve, c.Decline, c.Preapprove, c.RevokePreapproval, c.SetPause), PEOPLE | TRADERS),",
        60,
        ("A3",),
        "an agent confirms its own orders ahead of time, too",
    ),
    Mutant(
        "own_lineage_counts",
        "who is behind the agent that asked counts as another person",
        "A1",
        "remit.kernel.approval",
        "outside = [person for person in order.approvals if is_outside(state, order, person)]",
        "outside = list(order.approvals)",
        60,
        towards=("approving_storm", "approve_together", "momentum_quorum"),
    ),
    Mutant(
        "stale_approval_used",
        "an approval of an order that was held under other mandates lets it out",
        "A1",
        "remit.kernel.approval",
        "if _mandates_now(step, order) != order.mandates:",
        "if not _mandates_now(step, order):",
        60,
        towards=("approve_after_tightening",),
    ),
    Mutant(
        "approval_of_other_bytes",
        "an approval need not name the digest of what is held",
        "A1",
        "remit.kernel.approval",
        "if body.digest != order.digest:",
        "if not body.digest:",
        60,
    ),
    Mutant(
        "approval_reused",
        "one approval counts for as many as are needed",
        "A1",
        "remit.kernel.approval",
        "return len(outside) >= needs.quorum and",
        "return len(outside) >= min(needs.quorum, 1) and",
        60,
        towards=("approving_storm", "approve_together", "momentum_quorum"),
    ),
    Mutant(
        "approval_taken_again",
        "an approval of an order that is out already is taken once more",
        "A1",
        "remit.kernel.approval",
        """\
    if order is None or order.state != "held":
        step.refuse("not_held", f"order {body.order} is not waiting for approval")
        return
    if body.digest""",
        """\
    if order is None:
        step.refuse("not_held", f"order {body.order} is not waiting for approval")
        return
    if order.state != "held":
        step.emit(e.Approved(order=order.id, person=by.owner or by.name))
        return
    if body.digest""",
        60,
    ),
    Mutant(
        "hold_ends_a_moment_late",
        "a hold ends one nanosecond after its time",
        "A1",
        "remit.kernel.trade",
        "until=at + needs.expiry_s * NANOSECONDS,",
        "until=at + needs.expiry_s * NANOSECONDS + 1,",
        60,
    ),
    Mutant(
        "not_judged_again_at_release",
        "an approved order goes out whatever it is judged to be at its release",
        "A1",
        "remit.kernel.approval",
        'if step.decision.verdict == "allow":',
        "if step.decision is not None:",
        60,
        ("D1",),
        "what is let out was decided to be denied",
        towards=("approve_after_tightening", "approve_after_halt"),
    ),
    Mutant(
        "approval_outlives_its_person",
        "who is shut out still counts among those who approved an order that waits for others",
        "A1",
        "remit.kernel.fold_people",
        "order.approvals = tuple(who for who in order.approvals if who not in (person.name, person.lineage))",
        "order.approvals = tuple(order.approvals)",
        60,
        towards=("shut_out", "approve_together", "momentum_quorum"),
    ),
    Mutant(
        "drift_unmeasured",
        "how far the market moved while an order was held is measured of its replaces and not of its release",
        "A1",
        "remit.kernel.gather",
        'if own is None or asked.capability != "place_order":',
        'if own is None or asked.capability == "place_order":',
        60,
        towards=("approve_late", "swing", "momentum_drift", "carry_drift"),
    ),
    Mutant(
        "bulk_unbounded",
        "orders approved together may be worth anything",
        "A1",
        "remit.kernel.approval",
        "(not_in_bulk(step.state, order) if body.bulk else None)",
        "None",
        60,
    ),
    Mutant(
        "preapproval_never_ends",
        "a preapproval goes on beyond its end in time",
        "A3",
        "remit.kernel.preapproval",
        "return not preapproval.ended_at and at < preapproval.ends_at",
        "return not preapproval.ended_at",
        60,
        towards=("preapproval_ends", "use_preapproval", "preapprove"),
    ),
    Mutant(
        "preapproval_total_counted_late",
        "a preapproval's total lets one order more through than it has room for",
        "A3",
        "remit.kernel.preapproval",
        "return worth <= preapproval.notional_max and preapproval.used + worth <= total",
        "return worth <= preapproval.notional_max and preapproval.used < total",
        60,
        towards=("preapprove", "use_preapproval"),
    ),
    Mutant(
        "preapproval_of_another_agent",
        "a preapproval covers every agent of the firm",
        "A3",
        "remit.kernel.preapproval",
        "map(state.preapprovals.__getitem__, state.preapprovals_of.get(intent.agent, ()))",
        "state.preapprovals.values()",
        60,
        towards=("preapprove", "use_preapproval"),
    ),
    Mutant(
        "preapproval_stands_for_a_quorum",
        "a preapproval stands for the people whom a quorum takes",
        "A3",
        "remit.kernel.preapproval",
        "if quorum or by.role not in",
        "if by.role not in",
        60,
        towards=("preapprove", "use_preapproval", "momentum_quorum"),
    ),
    Mutant(
        "preapproval_used_unsaid",
        "the use of a preapproval is not journalled, so that its total never fills",
        "A3",
        "remit.kernel.trade",
        """\
        step.emit(e.PreapprovalUsed(preapproval=preapproval.id, order=order_id, worth=decision.worth))
        return
""",
        """\
        return
""",
        60,
        ("D1",),
        "what is let out was not decided to be allowed",
    ),
    Mutant(
        "loosening_without_why",
        "a mandate needs no reason",
        "A2",
        "remit.kernel.admin",
        """\
    if not body.why.strip():
        return "say why, so that the history can be read"
    if body.expires_at""",
        """\
    if body.expires_at""",
        60,
        towards=("mandate_without_why",),
    ),
    Mutant(
        "loosening_unjournalled",
        "a mandate that is refused because it has no reason is in force all the same",
        "A2",
        "remit.kernel.admin",
        """\
    if not body.why.strip():
        return "say why, so that the history can be read"
    if body.expires_at""",
        """\
    if not body.why.strip():
        import msgspec

        of = step.state.subjects[body.subject]
        if of.version is not None:
            of.version = msgspec.structs.replace(of.version, mandate=body.mandate)
        return "say why, so that the history can be read"
    if body.expires_at""",
        60,
        ("J3",),
        "the live state is not what the journal gives",
        towards=("mandate_without_why",),
    ),
    Mutant(
        "tightening_waits",
        "a tightened mandate binds only after the next change of something else",
        "A2",
        "remit.kernel.proposal",
        """\
        step.judge.forget()
        step.emit(e.Took())
    elif len(""",
        """\
        step.emit(e.Took())
    elif len(""",
        60,
        ("D1", "E1", "D2"),
        "until then orders are judged by the mandate before it",
    ),
)

JOURNAL = (
    Mutant(
        "unpoisoned_journal",
        "a sync that failed is tried again, and the journal goes on",
        "J1",
        "remit.journal.log",
        """\
        except OSError as error:
            raise self._poison_with(f"writing entries from {batch.first} failed ({error})") from error
        self._offset""",
        """\
        except OSError:
            self._store.sync(self._segment)
        self._offset""",
        30,
        ("P1", "J2", "J5"),
        "the disk does not hold what was acted upon",
    ),
    Mutant(
        "poison_without_marker",
        "a poisoned journal leaves no marker, so that the next start needs no person",
        "J1",
        "remit.journal.log",
        "self._store.replace(POISON_MARKER, what.encode())",
        "pass",
        60,
    ),
    Mutant(
        "sequence_gap",
        "a command that was refused is not journalled",
        "J2",
        "remit.guard.loop",
        "        self.journal.append(encode(record))\n",
        "        if refusal_of(record) is None:\n            self.journal.append(encode(record))\n",
        30,
        ("J5",),
        "what was told of is not on the disk",
    ),
    Mutant(
        "torn_tail_kept",
        "the incomplete bytes at the end are not cut: what comes next is written behind them",
        "J4",
        "remit.journal.log",
        """\
                if walk.unsealed or walk.torn_bytes:
                    self._store.truncate(walk.segment, walk.sealed_end)
""",
        """\
                if walk.torn_bytes:
                    walk.sealed_end = walk.end + walk.torn_bytes
""",
        60,
        ("J2",),
        "the next start finds a damaged journal",
        towards=("crash_while_writing",),
    ),
    Mutant(
        "fold_forgets_event",
        "a start passes over the marks that rode on orders",
        "J3",
        "remit.kernel.kernel",
        """\
        for event in record.events:
            fold_event(self.state, record.command, record.decision, event)
""",
        """\
        for event in record.events:
            if not isinstance(event, e.Quoted):
                fold_event(self.state, record.command, record.decision, event)
""",
        30,
    ),
    Mutant(
        "set_not_sorted",
        "a set is written into the snapshot in the order in which it happens to lie",
        "J3",
        "remit.kernel.snapshot",
        "grants=tuple(sorted(state.grants)),",
        "grants=tuple(state.grants),",
        30,
        ("not_deterministic",),
        "sets lie alike within one process, so that two runs of one seed differ first",
    ),
    Mutant(
        "snapshot_forgets_when_orders_ended",
        "a start from a snapshot does not know when orders ended, and so never forgets them",
        "J3",
        "remit.kernel.snapshot",
        "        state.finished_at.append((at, row.id))\n",
        "",
        30,
    ),
    Mutant(
        "snapshot_believed_unnamed",
        "a snapshot is believed although no entry of the journal names it",
        "J3",
        "remit.guard.recover",
        "if encode(found.digest) not in entry:\n        return False\n",
        "if found.digest:\n        return True\n",
        60,
        ("H2", "guard_crash"),
        "what it leaves out is gone, and is missed where a later entry speaks of it",
        towards=("forged_snapshot", "restart", "crash"),
    ),
    Mutant(
        "unsealed_entries_left",
        "a start leaves complete entries that no checkpoint covers where they are, and its tree does not count them",
        "J4",
        "remit.journal.log",
        """\
                if walk.unsealed or walk.torn_bytes:
                    self._store.truncate(walk.segment, walk.sealed_end)
""",
        """\
                walk.sealed_end = walk.end
                if walk.torn_bytes:
                    self._store.truncate(walk.segment, walk.end)
""",
        100,
        ("J2", "J5"),
        "the next start finds a checkpoint that does not fit the entries before it",
        towards=("crash_while_writing",),
    ),
    Mutant(
        "tail_not_written_anew",
        "after a sync that failed the last batch is trusted to be on the disk, because it can be read",
        "J5",
        "remit.journal.log",
        "offset = walk.batch_start\n",
        "offset = walk.end\n",
        200,
        ("J2",),
        "a power loss leaves a hole",
    ),
    Mutant(
        "time_follows_the_wall_back",
        "journal time is the wall clock, also where that goes back",
        "J6",
        "remit.guard.clock",
        "correction = max(-bound, min(bound, skew))",
        "correction = skew",
        60,
        ("guard_crash",),
        "the kernel takes no entry that is earlier than the one before, and the guard stops",
    ),
    Mutant(
        "time_leaps_with_the_wall",
        "journal time follows a jump of the wall clock ahead at once",
        "J6",
        "remit.guard.clock",
        "correction = max(-bound, min(bound, skew))",
        "correction = max(-bound, skew)",
        60,
    ),
)

VENUES = (
    Mutant(
        "stray_order_ignored",
        "an order at a venue that this guard never placed is passed over",
        "R1",
        "remit.kernel.compare",
        'self._put("order", name, 0, SCALE, "large", "this guard never let it out")',
        "pass",
        60,
    ),
    Mutant(
        "position_drift_ignored",
        "a large difference between book and venue raises no halt",
        "R1",
        "remit.kernel.reconcile",
        'raise_halt(step, subject("connection", connection), "drift", RECONCILE, actual=said)',
        "pass",
        60,
    ),
    Mutant(
        "drift_always_small",
        "a difference of any size is watched, and halts only when it lasts for a hundred rounds",
        "R1",
        "remit.kernel.compare",
        "lasts = (0 if before is None else before.rounds) + 1 >= self._tolerance.rounds\n",
        "small, lasts = True, (0 if before is None else before.rounds) > 100\n",
        60,
    ),
    Mutant(
        "never_seen_after_cancel",
        "that a venue never saw an order does not end it where its cancel had been asked for",
        "L1",
        "remit.kernel.order",
        """\
        "reject": "rejected",
        "refuse_cancel": "acked",
""",
        """\
        "refuse_cancel": "acked",
""",
        30,
        towards=("kill", "late_request", "lost_request"),
    ),
    Mutant(
        "end_leaks_reservation",
        "an order that its venue rejects stays in the book and keeps what it reserves",
        "L1",
        "remit.kernel.fold",
        """\
    if event.state in TERMINAL:
        finish(state, order)


def finish""",
        """\
    if event.state in TERMINAL and event.state != "rejected":
        finish(state, order)


def finish""",
        60,
        ("E3",),
        "an order that is over reserves",
    ),
)

CALLS = (
    Mutant(
        "reads_leave_no_entry",
        "what an agent merely reads is not journalled",
        "C1",
        "remit.guard.calls",
        """\
        if request.do != "command":
            await self._enter(by, request)
""",
        """\
        if request.do == "preview":
            await self._enter(by, request)
""",
        10,
    ),
    Mutant(
        "answered_before_its_entry",
        "a call is answered at once, and its entry is written a moment later",
        "C1",
        "remit.guard.calls",
        """\
        await self._loop.enter(GUARD, acted)
        if fault""",
        """\
        asyncio.get_running_loop().call_later(1, self._loop.enter, GUARD, acted)
        if fault""",
        10,
    ),
    Mutant(
        "refusals_leave_no_entry",
        "what was refused before it could enter is not journalled",
        "C1",
        "remit.guard.calls",
        """\
            await self._enter(by, request, fault.code if isinstance(fault, GuardError) else Internal.code)
            raise
""",
        """\
            raise
""",
        20,
    ),
    Mutant(
        "reads_open_to_all",
        "an agent is told what its capabilities do not open",
        "C2",
        "remit.guard.entitled",
        """\
    if by.role not in ("agent", "client") or not needs:
        return
    agent""",
        """\
    if by.role in ("agent", "client") or not needs:
        return
    agent""",
        20,
    ),
)

SIGNING = (
    Mutant(
        "revoked_token_stands",
        "a token that was revoked goes on standing for who held it",
        "S1",
        "remit.kernel.tokens",
        "    if grant is None or token in state.revoked:\n",
        "    if grant is None:\n",
        60,
        ("A4",),
        "who is shut out acts on with the tokens that end with it",
    ),
    Mutant(
        "session_outlives_its_parent",
        "a session goes on when the token that vouched for it was revoked",
        "S1",
        "remit.kernel.tokens",
        "    if grant.parent and worthless(state, grant.parent, at) is not None:\n",
        "    if not grant.parent and worthless(state, grant.parent, at) is None:\n",
        90,
        towards=("end_sign_in", "sign_in_with_codes", "revoke_token"),
    ),
    Mutant(
        "stream_outlives_its_token",
        "whoever follows the journal is asked for its token at the beginning only",
        "S1",
        "remit.guard.follow",
        """\
        check_stands(self._kernel.state, by.token, self._loop.now())
        self._check_token(by)
""",
        "",
        60,
    ),
    Mutant(
        "code_used_twice",
        "a code of an app that was used is taken again as long as its half minute lasts",
        "S2",
        "remit.guard.signin",
        "step <= kept.totp_step",
        "step < kept.totp_step",
        100,
    ),
    Mutant(
        "one_time_code_kept",
        "a code that opens a browser is good for as many as like within its minute",
        "S2",
        "remit.guard.codes",
        "self._made.pop(_hash(code), None)",
        "self._made.get(_hash(code), None)",
        60,
        towards=("sign_in_with_codes", "end_sign_in"),
    ),
)

PEOPLE = (
    Mutant(
        "own_change_confirmed",
        "whoever proposed a change may confirm it",
        "A2",
        "remit.kernel.proposal",
        "    elif is_same_person(by, proposal.by):",
        "    elif is_same_person(by, proposal.by) and not by.name:",
        60,
        towards=("loosen_one", "confirm_change", "desk_second_person", "fund_second_person"),
    ),
    Mutant(
        "owner_name_makes_another",
        "two people who act as the same owner count as two for a change",
        "A2",
        "remit.kernel.proposal",
        "    return bool({one.name, one.lineage} & {other.name, other.lineage})",
        "    return one.name == other.name",
        60,
        towards=("loosen_one", "confirm_change", "desk_second_person", "fund_second_person"),
    ),
    Mutant(
        "second_person_asked_below_only",
        "a second person who is required above a subject is not asked for where the subject is loosened",
        "A2",
        "remit.kernel.proposal",
        "    for name in upward(state, written):",
        "    for name in upward(state, written)[:1]:",
        60,
        towards=("loosen_one", "firm_second_person"),
    ),
    Mutant(
        "overtaken_change_confirmed",
        "a change takes effect though another version came between",
        "A2",
        "remit.kernel.proposal",
        "    elif of.number != proposal.number:",
        "    elif of.number < proposal.number:",
        60,
        towards=("loosen_one", "confirm_change", "tighten", "desk_second_person", "fund_second_person"),
    ),
    Mutant(
        "owner_stops_anybody",
        "an owner pauses and halts whatever there is",
        "A4",
        "remit.kernel.scope",
        "    c.Halt: _of_subject,",
        "    c.Halt: lambda state, by, body: True,",
        60,
        towards=("reach_beyond", "rule_own"),
    ),
    Mutant(
        "owner_starts_what_others_stopped",
        "an owner ends a halt of their account that somebody else raised",
        "A4",
        "remit.kernel.scope",
        "        and (fact.cause not in BY_PEOPLE or fact.by_owner == by.lineage)\n",
        "",
        60,
        towards=("reach_beyond", "start_again", "halt"),
    ),
    Mutant(
        "old_token_comes_back",
        "the tokens of who was shut out are good again once they are let in",
        "A4",
        "remit.kernel.fold_people",
        "    state.revoked.update(token for token, grant in state.tokens.items() if is_of(grant, body.name))\n",
        "",
        60,
    ),
)

BUDGETS = (
    Mutant(
        "meter_without_room",
        "a call is metered as long as the budget was not used up before it",
        "B1",
        "remit.kernel.spend",
        "if spent is None or spent + more > limit:",
        "if spent is None or spent > limit:",
        20,
        towards=("call_model", "spend_together", "momentum_budget"),
    ),
    Mutant(
        "anybody_settles",
        "a reservation is settled by whoever names its id",
        "B1",
        "remit.kernel.metering",
        "return bool(key) and hashlib.sha256(key.encode()).hexdigest() == known.seal",
        "return True",
        30,
    ),
    Mutant(
        "late_settlement_gives_back",
        "what is settled after midnight is given back to a day that never paid for it",
        "B1",
        "remit.kernel.spend",
        "more if of.total.spent_from <= call.seq else max(more, 0)",
        "more",
        60,
        towards=("call_model", "die_before_settling", "settle_price", "momentum_budget"),
    ),
    Mutant(
        "unknown_price_is_free",
        "a call of unknown price counts as nothing",
        "B1",
        "remit.kernel.sums",
        "return None if self.unpriced else self.spent",
        "return self.spent",
        40,
        ("B2",),
        "what opens or is read meanwhile may come first",
        towards=("report_unknown", "call_model", "momentum_budget", "claude_budget"),
    ),
    Mutant(
        "budgets_bind_clients_only",
        "an agent over its budget is answered as before",
        "B2",
        "remit.guard.budget",
        "if by.role not in CALLERS or view in WAYS_OUT:",
        'if by.role != "client" or view in WAYS_OUT:',
        40,
        towards=("call_model", "spend_together", "momentum_budget"),
    ),
)

PAGES = (
    Mutant(
        "callback_unsigned",
        "whoever knows a callback's id may answer in its person's name",
        "S2",
        "remit.guard.callbacks",
        "        if not _signs(secret or _NOBODY, message) or secret is None or key is None:\n",
        "        if secret is None or key is None:\n",
        30,
        towards=("answer_by_page", "forge_page"),
    ),
    Mutant(
        "callback_heard_again",
        "a message of an approval page is heard as often as it is sent",
        "A5",
        "remit.kernel.callback",
        "    if (called.callback, called.message) in state.called_back:\n",
        "    if (called.callback, called.message) in state.callbacks:\n",
        30,
        ("S2",),
        "who sent it again says that it should not have been heard",
    ),
    Mutant(
        "callback_good_for_hours",
        "a message of an approval page is good for hours",
        "A5",
        "remit.kernel.callback",
        "LIFE_NS = 300 * NANOSECONDS\n",
        "LIFE_NS = 30_000 * NANOSECONDS\n",
        30,
    ),
    Mutant(
        "callback_never_ends",
        "a callback's key is good beyond its end",
        "A5",
        "remit.kernel.callback",
        "    if key.expires_at is not None and at >= key.expires_at:\n",
        "    if key.expires_at is not None and at < 0:\n",
        60,
        towards=("answer_by_page", "send_late", "remove_page"),
    ),
)

ANCHORS = (
    Mutant(
        "anchors_not_waited_for",
        "a permit is signed at once, whoever has or has not heard of its entry",
        "W1",
        "remit.guard.courier",
        """\
        await self._anchors.cover(seq, ends_at - self._loop.now())

        def sealed() -> bytes:
            self._loop.check()
            self._anchors.check(seq)
""",
        """\

        def sealed() -> bytes:
            self._loop.check()
""",
        10,
        towards=("witness_away", "anchored_old_copy"),
    ),
    Mutant(
        "one_witness_is_enough",
        "as soon as one witness has cosigned, all have",
        "W1",
        "remit.guard.anchors",
        "        return sizes[self._needed - 1] if self._needed else 0\n",
        "        return sizes[0] if self._needed else 0\n",
        10,
        towards=("witness_away", "witness_loses"),
    ),
    Mutant(
        "shown_is_cosigned",
        "a head that was shown to a witness counts as cosigned, whatever it answers",
        "W1",
        "remit.guard.witnessed",
        """\
                status, body = await self._world.submit(self._witness.url, asked.write())
""",
        """\
                self.cosigned = head.size
                self._moved(head.note)
                status, body = await self._world.submit(self._witness.url, asked.write())
""",
        10,
        towards=("witness_away", "witness_loses"),
    ),
    Mutant(
        "refused_head_is_kept",
        "a head that the second folder refused counts as kept",
        "W1",
        "remit.guard.anchors",
        """\
            self._fault = str(fault)
            raise NotAnchored(f"the second folder refused a head over entry {seq} ({fault})", _LOOK) from None
""",
        """\
            self._fault = str(fault)
""",
        30,
        towards=("anchor_refuses",),
    ),
    Mutant(
        "second_folder_not_asked",
        "a start does not compare the journal with the head in the second folder",
        "W2",
        "remit.guard.recover",
        "remembered=known, ",
        "",
        20,
        towards=("anchored_old_copy",),
    ),
    Mutant(
        "witness_not_believed",
        "a start goes on although a witness has cosigned what the journal does not have",
        "W2",
        "remit.guard.anchors",
        """\
        for fault in sorted(faults, key=lambda fault: not isinstance(fault, JournalError)):
            raise fault
""",
        """\
        for fault in faults:
            assert isinstance(fault, JournalError)
""",
        60,
        towards=("anchored_old_copy", "anchor_refuses"),
    ),
)

EXPORTS = (
    Mutant(
        "head_before_its_files",
        "an export's head goes out before the files that it stands for",
        "X1",
        "remit.export.exporter",
        """\
            for path, data in self._tiles.partial():
                self._sink.write(path, data)
            self._check_unmoved()
            self._sink.head(head.note)
""",
        """\
            self._check_unmoved()
            self._sink.head(head.note)
            for path, data in self._tiles.partial():
                self._sink.write(path, data)
""",
        10,
        towards=("export_refuses",),
    ),
    Mutant(
        "put_back_export_not_seen",
        "an exporter goes on from what it brought out, whatever became of it at the place",
        "X1",
        "remit.export.exporter",
        "            self._check_unmoved()\n            self._sink.head(",
        "            self._sink.head(",
        20,
        towards=("export_rolled_back",),
    ),
    Mutant(
        "unsynced_is_exported",
        "an export takes what the guard has written for durable",
        "X1",
        "remit.export.source",
        "            files.sync(self._names[-1])\n",
        "",
        60,
        towards=("crash_while_syncing", "crash", "export_refuses"),
    ),
    Mutant(
        "export_lag_never_told",
        "nobody looks at how far behind an export is",
        "X2",
        "remit.guard.exports",
        "        return [self._run()] if self._wanted.places else []\n",
        "        return []\n",
        20,
        towards=("export_away",),
    ),
    Mutant(
        "export_late_at_once",
        "an export counts as late when anything waits for a few seconds",
        "X2",
        "remit.guard.exports",
        '            "late": lag_s > self._wanted.lag_s_max,\n',
        '            "late": lag_s > min(self._wanted.lag_s_max, 2),\n',
        20,
        towards=("export_away", "export_refuses"),
    ),
    Mutant(
        "exports_not_looked_at",
        "a start does not compare the journal with the heads of its exports",
        "W2",
        "remit.guard.recover",
        "    known = [*kept, *([] if anchored is None else [anchored])]\n",
        "    known = [] if anchored is None else [anchored]\n",
        20,
        towards=("exported_old_copy",),
    ),
)

KEYS = (
    Mutant(
        "new_key_not_in_force",
        "a new key is journalled, and the one before it goes on to sign",
        "K1",
        "remit.guard.guard",
        "            self.vault.put_in_force(body.key)\n",
        "            pass\n",
        10,
        towards=("rotate_key",),
    ),
    Mutant(
        "key_speaks_before_its_fact",
        "a new key signs as soon as it was made, and not from its fact in the journal on",
        "K1",
        "remit.guard.rotating",
        "            record = await self._loop.enter(by, c.SetKey(key=fact, why=asked.why))\n",
        """\
            self._vault.put_in_force(fact)
            record = await self._loop.enter(by, c.SetKey(key=fact, why=asked.why))
""",
        60,
        towards=("rotate_key", "rotate_keys"),
    ),
)

MUTANTS: tuple[Mutant, ...] = (
    *BUDGETS,
    *PEOPLE,
    *CALLS,
    *SIGNING,
    *PAGES,
    *PERMITS,
    *EXPOSURE,
    *DECISIONS,
    *STOPS,
    *APPROVALS,
    *JOURNAL,
    *VENUES,
    *ANCHORS,
    *EXPORTS,
    *KEYS,
)
