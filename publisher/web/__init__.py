"""The web door: what is public, served from memory by a bare ASGI function.

Promises: every answer is finished bytes that the gate has cleared; nothing is rendered for a request, and no database is asked for what is
at hand: everything up to 128 MB, of more what was asked for or changed last; the rest is read when it is asked for. What becomes public,
or is taken back, shows within about a second, all files of one look at once, read ones even sooner. A 304 is given only to who names the bytes
as they are now, so nobody keeps a killed story. When the database is away, the bytes at hand stay up, the others say 503, and the log says so.
Order of a look: read what changed, prepare the answers in a thread, swap them in between two requests.
Refused: anything but GET and HEAD; paths that are not, letter for letter, the address of a public file. No cookies, no Host, no state.
"""

from publisher.web.app import application
from publisher.web.server import LOOK_SECONDS, bind, serve
from publisher.web.shelf import Shelf

__all__ = ["LOOK_SECONDS", "Shelf", "application", "bind", "serve"]
