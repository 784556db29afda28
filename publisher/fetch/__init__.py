"""Fetching from sources, and telling hubs: polite, bounded, and never from an address that is not of the public internet.

Order: judge the URL and resolve its name once, connect to an address that was judged (with the name in Host and SNI), the same again at
each redirect, read within the limits. Promises: whatever network and servers do is a value (`Fetched`, `NotModified`, `Failed`), never
an exception; one total time per source; decompressed bytes are counted while they stream; an answer that is not whole is a failure; the
environment's proxies are ignored; nothing is retried (the next poll is the retry). Refused: schemes but http and https, user parts,
other ports, private addresses in any notation, https down to http, other codings than one gzip.
httpcore carries the requests; no other module of ours knows it.
"""

from publisher.fetch.answers import Failed, Fetched, Limits, Memory, NotModified, Result, values
from publisher.fetch.guard import Guard, Resolver, public
from publisher.fetch.mailbox import Mailbox, MailboxOptions, opened
from publisher.fetch.polling import fetch, fetch_all
from publisher.fetch.telling import Taken, post_all

__all__ = [
    "Failed",
    "Fetched",
    "Guard",
    "Limits",
    "Mailbox",
    "MailboxOptions",
    "Memory",
    "NotModified",
    "Resolver",
    "Result",
    "Taken",
    "fetch",
    "fetch_all",
    "opened",
    "post_all",
    "public",
    "values",
]
