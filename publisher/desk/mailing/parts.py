"""What a run of a dispatch is made of, whatever it mails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from publisher import dispatch as dispatching
from publisher.render import message
from publisher.store.deliveries import Row

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """How the mails of a dispatch are made and read back; see `dispatch.Work`."""

    prepare: Callable[[str], dispatching.Prepared | None]
    personal: Callable[[Row], message.Personal]
    read_back: Callable[[str, bytes], None]
