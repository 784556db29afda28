"""A small IMAP server on loopback: one mailbox with folders, TLS from the first byte, and as much of RFC 3501 and 6851 as a reader of bounces asks for."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.certificates import tls_context

PASSWORD = "a password"


@dataclass
class Box:
    """What lies there: UID -> (flags, mail) for each folder, and every command that came."""

    folders: dict[str, dict[int, tuple[set[str], bytes]]]
    port: int = 0
    moves: bool = True
    entered: bool = False
    odd: dict[str, bytes] = field(default_factory=dict)
    """What is said at once to a command in place of an answer, and then again and again until whoever asked goes."""
    dripping: float | None = None
    """Seconds between one such saying and the next; None: nothing more is said."""
    asked: list[str] = field(default_factory=list)

    def put(self, *mails: bytes) -> None:
        inbox = self.folders["INBOX"]
        for mail in mails:
            inbox[len(inbox) + 101] = (set(), mail)

    def seen(self) -> list[bool]:
        return [r"\Seen" in flags for flags, _ in self.folders["INBOX"].values()]


def _answered(box: Box, folder: str, verb: str, rest: str) -> tuple[list[bytes], str]:
    mails = box.folders.get(folder, {})
    data: list[bytes] = []
    answer = "BAD what?"
    match verb.upper().split():
        case ["CAPABILITY"]:
            data, answer = (
                [b"* CAPABILITY IMAP4rev1" + (b" MOVE" if box.moves and box.entered else b"")],
                "OK done",
            )
        case ["LOGIN"]:
            box.entered = PASSWORD in rest
            answer = "OK in" if box.entered else "NO [AUTHENTICATIONFAILED] wrong password"
        case ["SELECT"]:
            there = folder in box.folders
            data, answer = (
                [b"* %d EXISTS" % len(mails)],
                "OK [READ-WRITE] chosen" if there else "NO no such folder",
            )
        case ["LOGOUT"]:
            data, answer = [b"* BYE"], "OK gone"
        case ["UID", "SEARCH"]:
            found = [str(uid) for uid, (flags, _) in mails.items() if r"\Seen" not in flags]
            data, answer = [f"* SEARCH {' '.join(found)}".encode()], "OK done"
        case ["UID", "FETCH"]:
            uid, most = map(int, re.fullmatch(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", rest).groups())
            raw = mails[uid][1][:most]
            data, answer = [b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%b)" % (uid, len(raw), raw)], "OK done"
        case ["UID", "STORE"]:
            mails[int(rest.split(maxsplit=1)[0])][0].add(r"\Seen")
            answer = "OK done"
        case ["UID", "MOVE"]:
            uid, target = re.fullmatch(r'(\d+) "(.+)"', rest).groups()
            answer = "OK done" if target in box.folders else "NO [TRYCREATE] no such folder"
            if target in box.folders:
                box.folders[target][int(uid)] = mails.pop(int(uid))
    return data, answer


@contextmanager
def imap(folder: Path, *, kind: str = "good", moves: bool = True) -> Iterator[Box]:
    """The server, until the block ends; `folder`/ca.pem is what clients are told to trust."""
    context = tls_context(folder, kind)
    box = Box({"INBOX": {}, "Done": {}}, moves=moves)

    over = threading.Event()

    class Session(socketserver.StreamRequestHandler):
        def say(self, *lines: bytes) -> None:
            self.wfile.write(b"".join(line + b"\r\n" for line in lines))

        def handle(self) -> None:
            chosen = ""
            self.say(b"* OK ready")
            for line in self.rfile:
                tag, _, said = line.decode().strip().partition(" ")
                parted = re.fullmatch(r"(UID \w+|\w+) ?(.*)", said)
                verb, rest = parted[1], parted[2]
                box.asked.append(said.replace(PASSWORD, "…"))
                if verb in box.odd:
                    self.say(box.odd[verb].replace(b"TAG", tag.encode()))
                    while box.dripping is not None and not over.wait(box.dripping):
                        self.say(box.odd[verb])
                    continue
                if verb == "SELECT":
                    chosen = rest.strip('"')
                data, answer = _answered(box, chosen, verb, rest)
                self.say(*data, f"{tag} {answer}".encode())
                if verb == "LOGOUT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            plain, address = super().get_request()
            return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, _request: object, _address: object) -> None:
            pass  # a client that does not trust us hangs up

    with Server(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            over.set()
            server.shutdown()
            thread.join()
