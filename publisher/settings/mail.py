"""What publisher.toml says of mail: the relays that take it, what all digests share, where bounces come back, and who signs.

Tables like those of `tables.py`; `newsroom/relays.py` hands a relay's to the transport.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from publisher.settings.disk import absolute
from publisher.settings.tables import Port, Positive, Table
from publisher.settings.values import (
    Domain,
    DomainOrEmpty,
    Duration,
    Line,
    LineOrEmpty,
    MailAddressOrEmpty,
    PathText,
    Rate,
    RateOrEmpty,
    SelectorOrEmpty,
    Slug,
    TaggedAddressOrEmpty,
    Whole,
)

__all__ = ["Dkim", "Mail", "Mailbox", "Relay", "Timeouts", "is_loopback"]


class Timeouts(Table):
    """`[relay.timeouts]`: how long one step of SMTP may take; the defaults are RFC 5321 section 4.5.3.2's minima.

    A short `dot` manufactures duplicates: the relay has the message and we have stopped listening.
    """

    connect: Duration = timedelta(seconds=30)
    banner: Duration = timedelta(minutes=5)
    command: Duration = timedelta(minutes=5)
    data: Duration = timedelta(minutes=2)
    block: Duration = timedelta(minutes=3)
    dot: Duration = timedelta(minutes=10)


class Relay(Table):
    """`[[relay]]`: an SMTP server that takes our mail. The password is a secret: `relay_passwords.<name>`.

    Attributes:
        tls: "required" (STARTTLS), "implicit" (TLS from the first byte), "opportunistic", or "none" (loopback only).
        ca_file: certificates to trust instead of the system's; relative to the configuration's folder.
        helo: the name we greet with; empty means this machine's own.
        connections: how many at once, at most. start: how many a run begins with; it takes one more after every 50 mails
            that were accepted in a row, and half as many when the server asks for less (421).
        messages: how many mails one connection carries. lifetime: how long it is kept.
        order: relays of the lowest order are used, the next when none of those can be. weight: the share among its order.
        service: delivery service that it belongs to, which then gets what it needs to tell us whose mail a report is about.
        rate: mails of all senders together, such as "14/s"; empty: no limit. domain_rates: the same for recipients of a domain.
    """

    name: Slug
    host: Line
    port: Port
    tls: Literal["required", "implicit", "opportunistic", "none"] = "required"
    ca_file: PathText | None = None
    username: LineOrEmpty = ""
    helo: LineOrEmpty = ""
    connections: Annotated[Whole, Field(ge=1, le=100)] = 8
    start: Annotated[Whole, Field(ge=1, le=100)] = 2
    order: Annotated[Whole, Field(ge=1, le=9)] = 1
    weight: Annotated[Whole, Field(ge=1, le=100)] = 1
    service: LineOrEmpty = ""
    rate: RateOrEmpty = ""
    domain_rates: dict[Domain, Rate] = Field(default_factory=dict)
    messages: Positive = 100
    lifetime: Duration = timedelta(minutes=5)
    timeouts: Timeouts = Timeouts()

    def resolved(self, folder: Path) -> Self:
        """The same with an absolute `ca_file`."""
        return self.model_copy(update={"ca_file": absolute(folder, self.ca_file) if self.ca_file else None})


class Mail(Table):
    """`[mail]`: what all digests share. The first three are needed as soon as there is a digest.

    Attributes:
        list_domain: right half of every List-Id (RFC 2919); permanent.
        unsubscribe_address: mailbox of List-Unsubscribe's mailto form; the reader's token is added as `+TOKEN`.
        bounce_address: where bounces come back: envelope sender, with the delivery's token added as `+TOKEN`.
        notice_address: who confirmations and other notices come from; empty: the sender of the digest they are about.
        drain: how long a stopping sender waits for open replies before it leaves rows in doubt.
    """

    list_domain: DomainOrEmpty = ""
    unsubscribe_address: TaggedAddressOrEmpty = ""
    bounce_address: TaggedAddressOrEmpty = ""
    notice_address: MailAddressOrEmpty = ""
    drain: Duration = timedelta(seconds=60)


class Mailbox(Table):
    """`[mailbox]`: the mailbox to which bounces come, read over IMAP; none without a `host`. Its password is a secret: `mailbox_password`.

    Attributes:
        port: TLS from the first byte. ca_file: certificates to trust instead of the system's.
        folder: what is read. moved_to: where a mail goes once it was understood; empty: it stays, marked as seen.
        every: how often `publisher run` looks.
    """

    host: LineOrEmpty = ""
    port: Port = 993
    username: LineOrEmpty = ""
    ca_file: PathText | None = None
    folder: Line = "INBOX"
    moved_to: LineOrEmpty = ""
    every: Duration = timedelta(minutes=5)

    def resolved(self, folder: Path) -> Self:
        """The same with an absolute `ca_file`."""
        return self.model_copy(update={"ca_file": absolute(folder, self.ca_file) if self.ca_file else None})


class Dkim(Table):
    """`[dkim]`: our own signatures on every mail; none without a `key_file`. The keys are secrets, and never in these tables.

    Attributes:
        domain: the domain that signs (`d=`); empty: that of each mail's sender.
        selector: the name below it under which the public key is published.
        key_file: private RSA key (PEM, mode 0600); relative to the configuration's folder.
        ed25519_selector, ed25519_key_file: the same of a second signature, for receivers that know it.
    """

    domain: DomainOrEmpty = ""
    selector: SelectorOrEmpty = ""
    key_file: PathText | None = None
    ed25519_selector: SelectorOrEmpty = ""
    ed25519_key_file: PathText | None = None

    def resolved(self, folder: Path) -> Self:
        """The same with absolute paths."""
        keys = ("key_file", "ed25519_key_file")
        return self.model_copy(
            update={key: absolute(folder, path) for key in keys if (path := getattr(self, key))}
        )


def is_loopback(host: str) -> bool:
    """Whether this host name or address can only be this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
