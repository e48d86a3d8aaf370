"""`remit account`, `client`, `connection`, `grant`, `capability`: who may act, for whom and through what."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Agent, Fault, Json, amount, enter, make, noun, read
from remit.kernel import access
from remit.kernel.command import AddAccount, AddClient, AddConnection, SetCapability, SetFirm, SetGrant, SetTolerance
from remit.kernel.numbers import Money

account = noun("Accounts: an owner's umbrella in one environment.")
client = noun("Outside AI clients, each acting through one agent.")
connection = noun("Connections: one broker account or wallet each.")
grant = noun("Which agent may use which connection.")
capability = noun("What an agent may do at all.")

Environment = Annotated[Literal["training", "live"], typer.Option(help="training or live; the two never mix.")]
AgentName = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's name.")]
ConnectionName = Annotated[str, typer.Argument(metavar="CONNECTION", help="The connection's name.")]
CapabilityName = Annotated[
    access.Capability, typer.Argument(metavar="CAPABILITY", help="A tool's name, such as place_order or get_quote.")
]


@account.command("add")
def add_account(
    name: Annotated[str, typer.Argument(help="Its name, for good.")],
    owner: Annotated[str, typer.Option(help="The person or desk it belongs to.")],
    currency: Annotated[str, typer.Option(help="What its limits are in, such as USD.")],
    environment: Environment = "training",
    json: Json = False,
) -> None:
    """Add an account. The first one also names the firm's currency, which is then fixed.

    ```
    remit account add desk --owner ann --currency USD
    remit account add live-desk --owner ann --currency USD --environment live
    ```
    """
    new = make(access.Account, name=name, owner=owner, environment=environment, currency=currency)
    records = []
    if not read("status")["currency"]:
        records.append(enter(make(SetFirm, currency=currency)))
        show.say(f"the firm's currency is {currency} from here on")
    records.append(enter(make(AddAccount, account=new)))
    if not show.json(records):
        show.say(f"{name}: added ({environment})", "green")


@account.command("list")
def list_accounts(json: Json = False) -> None:
    """List the accounts with equity and profit.

    ```
    remit account list
    ```
    """
    found = read("accounts")
    if not show.json(found):
        columns = ("name", "owner", "environment", "currency", "equity", "pnl")
        show.rows(found, columns, "no accounts: remit account add")


@client.command("add")
def add_client(
    name: Annotated[str, typer.Argument(help="Its name, for good.")],
    agent: Annotated[str, typer.Option("--agent", "--strategy", help="The agent it acts through.")],
    json: Json = False,
) -> None:
    """Add an outside client of one agent. It inherits exactly that agent's checks, and needs a mandate of its own.

    ```
    remit client add claude-desktop --agent momentum
    ```
    """
    record = enter(make(AddClient, client=make(access.Client, name=name, agent=agent)))
    if not show.json(record):
        show.say(f"{name}: added, acts through {agent}", "green")
        show.say(f"  next: remit mandate set client:{name} --preset starter --why ...")
        show.say(f"        remit token issue {name} --role client")


@client.command("list")
def list_clients(agent: Agent = None, json: Json = False) -> None:
    """List the clients.

    ```
    remit client list --agent momentum
    ```
    """
    found = read("clients", agent=agent)
    if not show.json(found):
        show.rows(found, ("name", "agent"), "no clients: remit client add")


@connection.command("add")
def add_connection(
    name: Annotated[str, typer.Argument(help="Its name, for good.")],
    account: Annotated[str, typer.Option(help="The account it belongs to.")],
    venue: Annotated[str, typer.Option(help="The venue, such as paper.")],
    fee_bps: Annotated[int, typer.Option(help="The worst fee, in bps, that its orders reserve.")] = 0,
    json: Json = False,
) -> None:
    """Add a connection of an account to a venue. It is ready once the guard has reconciled it.

    ```
    remit connection add paper-1 --account desk --venue paper --fee-bps 5
    ```
    """
    environment = next((row["environment"] for row in read("accounts") if row["name"] == account), None)
    if environment is None:
        raise Fault("unknown", f"there is no account {account}", "See `remit account list`")
    new = make(access.Connection, name=name, account=account, venue=venue, environment=environment, fee_bps=fee_bps)
    record = enter(make(AddConnection, connection=new))
    if not show.json(record):
        show.say(f"{name}: added ({environment}, at {venue})", "green")


@connection.command("list")
def list_connections(
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None, json: Json = False
) -> None:
    """List the connections, and whether they are ready.

    ```
    remit connection list
    ```
    """
    found = read("connections", account=account)
    if not show.json(found):
        columns = ("name", "account", "venue", "environment", "fee_bps", "ready", "why", "dead_man")
        show.rows(found, columns, "no connections: remit connection add")


@connection.command("tolerance")
def tolerance(
    name: ConnectionName,
    window_s: Annotated[int | None, typer.Option(help="Reports may be in transit for so long.")] = None,
    floor: Annotated[str | None, typer.Option(help="Small is below this amount of the account's currency.")] = None,
    share_bps: Annotated[int | None, typer.Option(help="And below this share of the larger side.")] = None,
    rounds: Annotated[int | None, typer.Option(help="What lasts so many rounds halts, however small.")] = None,
    unknown_age_max_s: Annotated[int | None, typer.Option(help="An order may be unknown for so long.")] = None,
    unknown_count_max: Annotated[int | None, typer.Option(help="So many orders may be unknown at once.")] = None,
    dead_man_s: Annotated[int | None, typer.Option(help="The venue cancels all after so long; 0: never.")] = None,
    silent_rounds: Annotated[int | None, typer.Option(help="Rounds without an answer that close openings.")] = None,
    why: Annotated[str, typer.Option(help="Why it changes; it stands in the journal.")] = "",
    json: Json = False,
) -> None:
    """Show, or change, how far the book and the venue of a connection may differ before it halts.

    ```
    remit connection tolerance paper-1
    remit connection tolerance paper-1 --floor 5 --rounds 2 --why "fees come late here"
    ```
    """
    (found,) = read("drifts", connection=name)
    given = {
        "window_s": window_s, "floor": amount(Money, floor, "--floor"), "share_bps": share_bps, "rounds": rounds,
        "unknown_age_max_s": unknown_age_max_s, "unknown_count_max": unknown_count_max, "dead_man_s": dead_man_s,
        "silent_rounds": silent_rounds,
    }  # fmt: skip
    said = {field: value for field, value in given.items() if value is not None}
    if not said:
        if not show.json(found["tolerance"]):
            show.facts(found["tolerance"], tuple(found["tolerance"]))
        return
    wanted = make(access.Tolerance, **(found["tolerance"] | said))
    record = enter(make(SetTolerance, connection=name, tolerance=wanted, why=why))
    if not show.json(record):
        show.say(f"{name}: {', '.join(f'{field} {value}' for field, value in said.items())}", "green")


@grant.command("add")
def add_grant(agent: AgentName, connection: ConnectionName, json: Json = False) -> None:
    """Let an agent use a connection of its own account.

    ```
    remit grant add momentum paper-1
    ```
    """
    _granted(agent, connection, True)


@grant.command("remove")
def remove_grant(agent: AgentName, connection: ConnectionName, json: Json = False) -> None:
    """Forbid an agent a connection, from its next order on.

    ```
    remit grant remove momentum paper-1
    ```
    """
    _granted(agent, connection, False)


def _granted(agent: str, connection: str, granted: bool) -> None:
    record = enter(make(SetGrant, agent=agent, connection=connection, granted=granted))
    if not show.json(record):
        show.say(f"{agent} {'may' if granted else 'may no longer'} use {connection}")


@grant.command("list")
def list_grants(
    agent: Agent = None,
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None,
    json: Json = False,
) -> None:
    """List which agent may use which connection.

    ```
    remit grant list --agent momentum
    ```
    """
    found = read("grants", agent=agent, connection=connection)
    if not show.json(found):
        show.rows(found, ("agent", "connection"), "no grants: remit grant add")


@capability.command("enable")
def enable(agent: AgentName, name: CapabilityName, json: Json = False) -> None:
    """Switch a capability of an agent on.

    ```
    remit capability enable momentum place_order
    ```
    """
    _switched(agent, name, True)


@capability.command("disable")
def disable(agent: AgentName, name: CapabilityName, json: Json = False) -> None:
    """Switch a capability of an agent off. Cancelling and closing stay open: a way out is never switched off.

    ```
    remit capability disable momentum replace_order
    ```
    """
    _switched(agent, name, False)


def _switched(agent: str, name: str, enabled: bool) -> None:
    record = enter(make(SetCapability, agent=agent, capability=name, enabled=enabled))
    if not show.json(record):
        show.say(f"{agent}: {name} is switched {'on' if enabled else 'off'}")


@capability.command("list")
def list_capabilities(agent: Agent = None, json: Json = False) -> None:
    """List each capability of each agent.

    ```
    remit capability list
    ```
    """
    found = read("capabilities", agent=agent)
    if not show.json(found):
        show.rows(found, ("agent", "capability", "enabled"), "no agents")
