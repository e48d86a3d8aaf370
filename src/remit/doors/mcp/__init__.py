"""The MCP door: tools for outside AI clients and agents, each call carried to the guard under its caller's token."""
