"""Ready configuration for the programs that people use with MCP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from remit.environ import TOKEN

Program = Literal["claude", "cursor", "vscode"]
Transport = Literal["stdio", "http"]
NAME = "remit"


class _Dialect(NamedTuple):
    """How one program writes it: the key of its servers, and the place of a secret that it fills in itself."""

    servers: str
    secret: str
    file: str


DIALECTS: dict[Program, _Dialect] = {
    "claude": _Dialect("mcpServers", "${REMIT_TOKEN}", ".mcp.json, or claude_desktop_config.json"),
    "cursor": _Dialect("mcpServers", "${env:REMIT_TOKEN}", ".cursor/mcp.json"),
    "vscode": _Dialect("servers", "${input:remit-token}", ".vscode/mcp.json"),
}


def configuration(
    program: Program, transport: Transport, *, command: Sequence[str], url: str, secret: str | None
) -> dict[str, Any]:
    """Return what a program's configuration file must hold. Without `secret` it names where the program finds it: the
    variable REMIT_TOKEN, or a question to the person."""
    dialect = DIALECTS[program]
    token = dialect.secret if secret is None else secret
    if transport == "http":
        server: dict[str, Any] = {"url": url, "headers": {"Authorization": f"Bearer {token}"}}
        if program != "cursor":
            server = {"type": "http", **server}
    else:
        server = {"command": command[0], "args": list(command[1:]), "env": {TOKEN: token}}
        if program == "vscode":
            server = {"type": "stdio", **server}
    made: dict[str, Any] = {dialect.servers: {NAME: server}}
    if program == "vscode" and secret is None:
        asked = {"type": "promptString", "id": "remit-token", "description": "Token of Remit", "password": True}
        made = {"inputs": [asked], **made}
    return made
