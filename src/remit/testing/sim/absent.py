"""What a virtual event loop does not have: threads, real sockets, pipes, signals and other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class NotSimulated(RuntimeError):
    """Something was asked of the virtual loop that would reach the real machine: name what is meant to stand for it."""


class _Absent:
    """A method that raises NotSimulated with its own name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, loop: object, owner: type) -> Callable[..., Any]:
        def refuse(*_: object, **__: object) -> Any:
            raise NotSimulated(f"`{self._name}` would leave the simulation: use what the virtual loop has, or a World")

        return refuse


class Absent(asyncio.AbstractEventLoop):
    """An event loop of which everything that reaches outside raises NotSimulated when it is called."""

    # Whoever runs the loop runs all of it, once, by `VirtualLoop.run`.
    run_forever: Any = _Absent()
    run_until_complete: Any = _Absent()
    stop: Any = _Absent()
    set_task_factory: Any = _Absent()
    get_task_factory: Any = _Absent()
    set_exception_handler: Any = _Absent()
    get_exception_handler: Any = _Absent()
    default_exception_handler: Any = _Absent()
    # threads
    run_in_executor: Any = _Absent()
    set_default_executor: Any = _Absent()
    # other links than Unix sockets by their path
    getaddrinfo: Any = _Absent()
    getnameinfo: Any = _Absent()
    create_connection: Any = _Absent()
    create_server: Any = _Absent()
    create_datagram_endpoint: Any = _Absent()
    connect_accepted_socket: Any = _Absent()
    start_tls: Any = _Absent()
    sendfile: Any = _Absent()
    connect_read_pipe: Any = _Absent()
    connect_write_pipe: Any = _Absent()
    # descriptors
    add_reader: Any = _Absent()
    remove_reader: Any = _Absent()
    add_writer: Any = _Absent()
    remove_writer: Any = _Absent()
    sock_recv: Any = _Absent()
    sock_recv_into: Any = _Absent()
    sock_recvfrom: Any = _Absent()
    sock_recvfrom_into: Any = _Absent()
    sock_sendall: Any = _Absent()
    sock_sendto: Any = _Absent()
    sock_connect: Any = _Absent()
    sock_accept: Any = _Absent()
    sock_sendfile: Any = _Absent()
    # other programs
    subprocess_shell: Any = _Absent()
    subprocess_exec: Any = _Absent()
    add_signal_handler: Any = _Absent()
    remove_signal_handler: Any = _Absent()

    async def shutdown_asyncgens(self) -> None:
        """Nothing: what is left when a run ends is dead."""

    async def shutdown_default_executor(self) -> None:
        """Nothing: there is no executor."""

    def get_debug(self) -> bool:
        """False: asyncio's debug mode reads the real clock."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Only False is taken; NotSimulated otherwise."""
        if enabled:
            raise NotSimulated("asyncio's debug mode reads the real clock")
