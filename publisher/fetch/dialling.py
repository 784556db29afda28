"""What every request of ours goes through: addresses that were judged, a URL that nobody parses again, our words for what went wrong."""

from __future__ import annotations

import ssl
from collections.abc import Iterable

import httpcore

from publisher.fetch.answers import Failed, one_line
from publisher.fetch.guard import Target

__all__ = ["CONNECT_SHARE", "USER_AGENT", "Dialler", "network_failure", "wire_url"]

USER_AGENT = (b"User-Agent", b"Publisher/0.1 (newsroom wire desk)")
CONNECT_SHARE = 4
"""Of a server's time, one of its addresses may use this part: the next one wants a chance, too."""


class Dialler(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged, and to nothing else: the pool asks for a name, it is never looked up again.

    The name stays in SNI and in the Host header, so certificates are checked against it.
    """

    def __init__(self, seconds: float) -> None:
        self._network, self._seconds = httpcore.AnyIOBackend(), seconds
        self._judged: dict[tuple[str, int], tuple[str, ...]] = {}

    def allow(self, target: Target) -> None:
        """From now on these addresses stand for this host and port."""
        self._judged[target.host, target.port] = target.addresses

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature; it passes None
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first judged address that answers."""
        failed: Exception | None = None
        for address in self._judged[host, port]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout or self._seconds, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError("no address")


def wire_url(target: Target) -> httpcore.URL:
    """The URL in the parts that were judged: nobody parses it a second time."""
    return httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path
    )


def network_failure(error: Exception) -> Failed:
    """Our word for what httpcore met before an answer's head was there."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
            return Failed("tls", f"no trustworthy connection: {one_line(str(why))}")
        cause = cause.__cause__ or cause.__context__
    said = one_line(str(error)) or type(error).__name__
    if isinstance(error, (httpcore.ConnectError, httpcore.ConnectTimeout)):
        return Failed("connect", f"no connection: {said}")
    if isinstance(error, httpcore.TimeoutException):
        return Failed("timeout", "the server is silent")
    if "too long" in said:  # h11's own limit on an unfinished head
        return Failed("header-too-large", "the answer's head does not end")
    return Failed("protocol", f"not a usable HTTP answer: {said}")
