"""What the world's DNS says of our mail, held against what receivers ask for: SPF, DKIM, DMARC, and whether bounces find their way.

Asks with `resolver`, which may fail for each name alone. The rules are in docs/mail-dns.md; nothing of SPF is evaluated here: which
machines send is the relay's matter, whether there is exactly one policy at all is ours (RFC 7208 section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import dns.exception
import dns.resolver

from publisher import dkim
from publisher.desk import signing
from publisher.desk.doctor.findings import FAULT, OK, SKIPPED, WARNING, Finding
from publisher.dkim.record import DnsRecord
from publisher.settings import Settings

__all__ = ["Ask", "Unanswered", "examine", "resolver"]

Ask = Callable[[str, str], Sequence[str]]
"""(name, type) -> the records' texts, none when there is no such name; Unanswered when nobody could tell."""
SECONDS = 5.0
GIVE_UP = 2
DOCS = "docs/mail-dns.md has the record"


class Unanswered(Exception):
    """The DNS gave no answer. Its text says why."""


def resolver(servers: Sequence[str] = ()) -> Ask:
    """Asks this machine's name servers, or these (`ADDRESS` or `ADDRESS:PORT`; an IPv6 address in brackets)."""
    asked = dns.resolver.Resolver(configure=not servers)
    asked.lifetime = SECONDS
    if servers:
        places = [_place(server) for server in servers]
        asked.nameservers = [address for address, _ in places]
        asked.nameserver_ports = dict(places)

    def ask(name: str, kind: str) -> list[str]:
        try:
            found = asked.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.DNSException as error:
            raise Unanswered(str(error).rstrip(".")) from error
        return [_text(record, kind) for record in found.rrset or ()]

    return ask


def _place(server: str) -> tuple[str, int]:
    address, _, port = (
        server.rpartition(":") if "]:" in server or server.count(":") == 1 else (server, "", "53")
    )
    return address.strip("[]"), int(port)


def _text(record: object, kind: str) -> str:
    if kind == "TXT":  # the strings of one record belong together without a blank (RFC 7208 section 3.3)
        return b"".join(getattr(record, "strings", ())).decode("utf-8", "replace")
    return str(record)


def examine(settings: Settings, ask: Ask) -> Iterator[Finding]:
    """SPF of the bounce address, MX of every mailbox that mails come back to, DKIM and DMARC of the senders.

    When the first two names are not answered there is no network, and no third is asked.
    """
    if not settings.digests:
        yield Finding("dns", SKIPPED, "no digest, no mail to vouch for")
        return
    silent = 0
    for number, (check, look) in enumerate(_questions(settings, ask)):
        if silent == GIVE_UP and number == GIVE_UP:
            return
        try:
            yield look(check)
        except Unanswered as error:
            silent += 1
            yield Finding(
                check, SKIPPED, f"no answer: {error}", "Try again, or ask another server: --nameserver"
            )


def _questions(settings: Settings, ask: Ask) -> Iterator[tuple[str, Callable[[str], Finding]]]:
    bounces = settings.mail.bounce_address.rpartition("@")[2]
    yield f"spf {bounces}", lambda check: _spf(check, ask(bounces, "TXT"))
    mailboxes = [settings.mail.bounce_address, settings.mail.unsubscribe_address]
    mailboxes += [digest.reply_to for digest in settings.digests]
    for domain in dict.fromkeys(address.rpartition("@")[2] for address in mailboxes if address):
        yield f"mx {domain}", partial(_mx, ask=ask, domain=domain)
    for domain in signing.domains(settings) if settings.dkim.keys else ():
        for key in settings.dkim.keys:
            wanted = dkim.record(key, domain)
            yield f"dkim {wanted.name}", partial(_dkim, ask=ask, wanted=wanted)
    addresses = (sender.address for digest in settings.digests for sender in digest.senders)
    for domain in dict.fromkeys(address.rpartition("@")[2] for address in addresses):
        yield f"dmarc {domain}", partial(_dmarc, ask=ask, domain=domain)


def _spf(check: str, texts: Sequence[str]) -> Finding:
    policies = [text for text in texts if text.casefold().split(" ")[0] == "v=spf1"]
    if not policies:
        return Finding(check, FAULT, "no policy: many receivers refuse bulk mail without", DOCS)
    if len(policies) > 1:
        return Finding(
            check,
            FAULT,
            f"{len(policies)} policies, which counts as an error",
            "Keep one TXT record with v=spf1",
        )
    if policies[0].casefold().rstrip().endswith("+all"):
        return Finding(check, FAULT, f"everybody may send: {policies[0]}", "End it with -all or ~all")
    return Finding(check, OK, policies[0])


def _mx(check: str, *, ask: Ask, domain: str) -> Finding:
    records = ask(domain, "MX")
    if any(record.split(" ")[-1] == "." for record in records):
        return Finding(
            check,
            FAULT,
            "says that it takes no mail (a null MX)",
            "Replies, bounces and leavers are lost: name a host",
        )
    if not records:
        return Finding(check, WARNING, "no MX: mail goes to the domain's own address, if it has one", DOCS)
    return Finding(check, OK, ", ".join(sorted(records)))


def _dkim(check: str, *, ask: Ask, wanted: DnsRecord) -> Finding:
    texts = ask(wanted.name, "TXT")
    if not texts:
        return Finding(
            check,
            FAULT,
            "no key is published: signatures are worth nothing",
            "`publisher dkim record` prints it",
        )
    tags = _tags(wanted.text)
    for text in texts:
        there = _tags(text)
        if there.get("p") == tags["p"]:
            if "y" in there.get("t", "").split(":"):
                return Finding(
                    check, WARNING, "our key, in test mode: t=y", "Take t=y away once signatures verify"
                )
            return Finding(check, OK, "our key is published")
    revoked = any(not _tags(text).get("p") for text in texts)
    said = "the key there is revoked" if revoked else "another key than ours is published"
    return Finding(check, FAULT, f"{said}: signatures do not verify", "`publisher dkim record` prints ours")


def _tags(text: str) -> dict[str, str]:
    """The tags of a list (RFC 6376 section 3.2), blanks inside values taken out."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


def _dmarc(check: str, *, ask: Ask, domain: str) -> Finding:
    """At the domain, else at those above it: the nearest policy counts (RFC 9989 walks the tree up)."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        above = ".".join(labels[start:])
        policies = [text for text in ask(f"_dmarc.{above}", "TXT") if text.casefold().startswith("v=dmarc1")]
        if len(policies) > 1:
            return Finding(
                check,
                FAULT,
                f"{len(policies)} policies at {above}, so none counts",
                "Keep one TXT record with v=DMARC1",
            )
        if policies:
            return Finding(check, OK, policies[0] if not start else f"{policies[0]} (at {above})")
    return Finding(check, FAULT, "no policy: mailbox providers ask for one of whoever sends much", DOCS)
