"""The open connections of a process: how many there may be, and how much memory they may take together."""

from typing import Any

from houseprice.serving.pacing import REST, Pacer

MAX_HELD_BYTES = 8 * 2**20
"""Bytes of pipelined requests that wait for the answers before them."""
MAX_UNREAD_BYTES = 24 * 2**20
"""Bytes of answers that clients do not read."""
MAX_PARTIAL_BYTES = 16 * 2**20
"""Bytes of short bodies that are not complete."""
PARTIAL_BYTES = 64 * 2**10
"""So much of a body counts as a short one; the memory for long bodies is reserved before they are read."""
REPLACEMENT_SECONDS = 0.0005
"""What it takes about to end one connection for another, whose client often comes again at once."""
MOST_WAITING = 20
"""Connections that wait for a place beyond the limit; with more, one gets its place at once."""


class Connections:
    """What the connections of a process share.

    Attributes:
        most: how many there may be.
        pacer: spreads what is long to parse.
        discards: spreads the reading of what is discarded.
        replacements: spreads the ends of connections for others.
        held_bytes: how much they hold of pipelined requests.
        partial_bytes: how much they have received of short bodies that are not complete.
        connections: the open ones, in the order in which they began to wait for a request.
        unread: those whose client does not read, in the same order.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.pacer, self.discards = Pacer(), Pacer()
        self.replacements = Pacer(MOST_WAITING * REST * REPLACEMENT_SECONDS)  # many that waited may have left
        self.held_bytes = self.partial_bytes = 0
        self.connections: dict[Any, None] = {}
        self.unread: dict[Any, None] = {}

    @property
    def is_full(self) -> bool:
        """Tell whether no more pipelined bytes may be held."""
        return self.held_bytes > MAX_HELD_BYTES

    def shed_partial(self) -> None:
        """End connections that have waited for the rest of a body for longest, while they hold more than they may."""
        while self.partial_bytes > MAX_PARTIAL_BYTES:
            next(connection for connection in self.connections if connection.partial).disconnect()

    def end_oldest(self) -> bool:
        """End the connection that has waited for its client for longest; return whether there was one."""
        oldest = next((connection for connection in self.connections if not connection.is_answering), None)
        if oldest is not None:
            oldest.disconnect()
        return oldest is not None

    def shed_unread(self) -> None:
        """End connections whose clients have not read for longest, while more bytes wait for clients than may."""
        sizes = {connection: connection.transport.get_write_buffer_size() for connection in self.unread}
        excess = sum(sizes.values()) - MAX_UNREAD_BYTES
        for connection, size in sizes.items():
            if excess <= 0:
                break
            excess -= size
            connection.disconnect()
