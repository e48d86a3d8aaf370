"""`remit budget`: what calls of models may cost in a day, what they did cost, and what nobody has a price for."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import msgspec
import typer

from remit.doors.cli import proposals, show
from remit.doors.cli.call import Fault, Json, Why, Yes, amount, caller, confirm, enter, make, noun, read
from remit.kernel.codec import build, plain
from remit.kernel.command import ReportSpend, SetMandate, SettleSpend
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Money

app = noun("What calls of models may cost in a day: set, list, report, settle.")

AgentName = Annotated[str | None, typer.Option("--agent", "--strategy", help="The agent.")]
ClientName = Annotated[str | None, typer.Option("--client", help="The outside client.")]
COLUMNS = ("subject", "spent", "limit", "left", "currency", "unpriced", "holds", "zone")


@app.command(name="set")
def set_(
    client: ClientName = None,
    agent: AgentName = None,
    account: Annotated[str | None, typer.Option(help="The account.")] = None,
    firm: Annotated[bool, typer.Option("--firm", help="The firm as a whole.")] = False,
    usd: Annotated[str | None, typer.Option("--usd-per-day", help="US dollars a day, where it counts in them.")] = None,
    own: Annotated[str | None, typer.Option("--per-day", help="The same in the subject's own currency.")] = None,
    none: Annotated[bool, typer.Option("--none", help="No budget any more.")] = False,
    why: Annotated[str, typer.Option("--why", help="The reason, for the history.")] = "a daily budget for models",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Set one daily budget. It is a limit of the mandate: every other limit stays as it is, and raising it loosens.

    The day is that of the mandate's time zone. At 80 % people are told; over it the agent or client is answered
    `budget_exceeded` by everything but the ways out.

    ```
    remit budget set --client claude --usd-per-day 5.00
    remit budget set --account desk --per-day 50 --why "the whole desk"
    remit budget set --agent momentum --none --why "it calls no model any more"
    ```
    """
    subject = _subject(client, agent, account, firm)
    if [usd is not None, own is not None, none].count(True) != 1:
        raise typer.BadParameter("say one of --usd-per-day, --per-day and --none")
    (row,) = read("mandates", subject=subject)
    if usd is not None and row["currency"] != "USD":
        raise Fault("other_currency", f"{subject} counts in {row['currency']}", "Say it there: --per-day AMOUNT", 2)
    field = "client_spend_daily_max" if client else "ai_spend_daily_max"
    before = EMPTY if row["mandate"] is None else build(Mandate, row["mandate"])
    limit = amount(Money, usd if own is None else own, "--usd-per-day" if own is None else "--per-day")
    after = msgspec.structs.replace(before, **{field: limit})
    (compared,) = read("compared", mandates={subject: plain(after)})
    if not caller().json:
        changes = [{**change, "currency": row["currency"]} for change in compared["changes"]]
        show.rows(changes, ("field", "before", "after", "currency", "way"), f"nothing would change for {subject}")
    if not compared["changes"]:
        show.json({"set": None})
        return
    if row["mandate"] is None:
        show.say(f"{subject} has no mandate: with this one it may do whatever else its path allows", "yellow")
    confirm("This loosens limits. Publish all the same?" if compared["loosens"] else "Publish?", yes)
    terms = {"why": why, "expires_at": row.get("expires_at"), "preset": row.get("preset") or ""}
    record = enter(make(SetMandate, subject=subject, mandate=after, after=row["number"] or 0, **terms))
    proposal = proposals.waits(record)
    if show.json(record):
        return
    if proposal:
        show.say(f"{subject}: waits for a second person: remit mandate confirm {proposal}", "yellow")
    else:
        show.say(f"{subject}: published, entry {record['command']['seq']}", "green")


def _subject(client: str | None, agent: str | None, account: str | None, firm: bool) -> str:
    named = [f"{scope}:{name}" for scope, name in (("client", client), ("agent", agent), ("account", account)) if name]
    if len(named) + firm != 1:
        raise typer.BadParameter("say whose: one of --client, --agent, --account and --firm")
    return named[0] if named else "firm"


@app.command(name="list")
def list_(
    subject: Annotated[str | None, typer.Argument(help="Only of this one, such as client:claude.")] = None,
    json: Json = False,
) -> None:
    """List what everyone spent on models today and what is left, and the calls that wait for a price or an end.

    ```
    remit budget list
    remit budget list client:claude
    ```
    """
    found = read("spend", subject=subject)
    if show.json(found):
        return
    show.rows([_shown(row) for row in found["budgets"]], COLUMNS, "nobody is there to spend anything")
    waiting = [call for call in found["calls"] if call["state"] in ("reserved", "unpriced")]
    if waiting:
        columns = ("id", "agent", "client", "provider", "model", "state", "cost_usd")
        show.rows(waiting, columns, "", title="not settled")
        show.say("say what one did cost: remit budget settle AGENT ID --usd COST --why TEXT", "dim")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "spent": "unknown" if row["spent"] is None else row["spent"], "limit": row["limit"] or "none"}


@app.command()
def report(
    provider: Annotated[str, typer.Option(help="The provider, such as openai.")],
    model: Annotated[str, typer.Option(help="The model, as the provider names it.")],
    input_tokens: Annotated[int, typer.Option("--input-tokens", min=0, help="Tokens of all that was sent.")],
    output_tokens: Annotated[int, typer.Option("--output-tokens", min=0, help="Tokens of the answer.")],
    agent: AgentName = None,
    client: ClientName = None,
    usd: Annotated[str | None, typer.Option("--usd", help="What it did cost; else it is looked up.")] = None,
    name: Annotated[str | None, typer.Option("--id", help="Your own id: the same one never counts twice.")] = None,
    json: Json = False,
) -> None:
    """Enter what a call of a model used. It only ever adds; a model without a known price closes the budgets.

    ```
    remit budget report --agent momentum --provider openai --model gpt-4o --input-tokens 1200 --output-tokens 300
    remit budget report --agent momentum --client claude --provider own --model m1 --input-tokens 9 \\
        --output-tokens 9 --usd 0.02
    ```
    """
    from remit.doors.spend.prices import cost_of  # here, since no other verb shall wait for the list of prices

    cost = amount(Money, usd, "--usd") if usd is not None else cost_of(provider, model, input_tokens, output_tokens)
    body = make(
        ReportSpend,
        id=name or f"cli-{secrets.token_hex(8)}",
        provider=provider,
        model=model,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=Money(0),
        agent=agent,
        client=client,
    )
    record = enter(msgspec.structs.replace(body, cost=cost))
    if show.json(record):
        return
    if cost is None:
        show.say(f"{body.id}: the price of {provider} {model} is not known, so its budgets are closed", "red")
        show.say(f"  say it: remit budget settle {agent or 'AGENT'} {body.id} --usd COST --why TEXT")
    else:
        show.say(f"{body.id}: {cost} USD counted, entry {record['command']['seq']}", "green")


@app.command()
def settle(
    agent: Annotated[str, typer.Argument(help="The agent whose call it was.")],
    spend: Annotated[str, typer.Argument(metavar="ID", help="The call's id: see `remit budget list`.")],
    usd: Annotated[str, typer.Option("--usd", help="What it did cost, in US dollars.")],
    why: Why,
    json: Json = False,
) -> None:
    """Say what a call did cost whose price was not known, or whose caller never came back.

    ```
    remit budget settle momentum analysis-0f3a --usd 0.04 --why "the provider's bill"
    ```
    """
    record = enter(make(SettleSpend, id=spend, agent=agent, cost=amount(Money, usd, "--usd"), why=why))
    if not show.json(record):
        show.say(f"{spend}: settled at {usd} USD, entry {record['command']['seq']}", "green")
