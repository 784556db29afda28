"""The doctor: each thing that is wrong is found, by name, with what to do; what is well is said to be; a name server is asked for real."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from publisher import dkim
from publisher.desk.doctor import FAULT, OK, SKIPPED, WARNING, house, machine, names
from tests import commands
from tests.commands import Room
from tests.mailroom import keeping
from tests.newsrooms import line

KEY = dkim.new_key(dkim.RSA)
RECORD = dkim.record(dkim.read_key(KEY, selector="wire", algorithm=dkim.RSA), "news.example")
SOUND = {
    ("bounce.news.example", "TXT"): ["v=spf1 -all", "something else"],
    ("bounce.news.example", "MX"): ["10 mx.news.example."],
    ("news.example", "MX"): ["10 mx.news.example."],
    (RECORD.name, "TXT"): [RECORD.text],
    ("_dmarc.news.example", "TXT"): ["v=DMARC1; p=none"],
}


class Zone:
    """A name server on loopback that knows these records, and no other name."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.rcode = dns.rcode.NOERROR
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            wire, sender = self._socket.recvfrom(4096)
            if wire == b"over":
                self._socket.close()
                return
            query = dns.message.from_wire(wire)
            name, kind = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
            plain = name.to_text().rstrip(".")
            self.asked.append((plain, kind))
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            answer.set_rcode(self.rcode)
            found = self.records.get((plain, kind), [])
            if self.rcode == dns.rcode.NOERROR and plain not in {known for known, _ in self.records}:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif found:
                answer.answer.append(
                    dns.rrset.from_text_list(name, 60, "IN", kind, [self._text(text, kind) for text in found])
                )
            self._socket.sendto(answer.to_wire(), sender)

    @staticmethod
    def _text(text: str, kind: str) -> str:
        """As strings of 255 at most, which is how a long key is published."""
        return (
            " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)) if kind == "TXT" else text
        )

    def close(self) -> None:
        host, _, port = self.place.partition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"over", (host, int(port)))


@pytest.fixture
def zone() -> Iterator[Zone]:
    made = Zone()
    yield made
    made.close()


@pytest.fixture
def room(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Room:
    made = commands.room(tmp_path, capsys)
    key = made.folder / "config" / "wire.pem"
    key.write_text(KEY)
    key.chmod(0o600)
    path = made.folder / "config" / "publisher.toml"
    path.write_text(
        path.read_text().replace("[dkim]\n", '[dkim]\nselector = "wire"\nkey_file = "wire.pem"\n', 1)
    )
    return made


def relay(room: Room, port: int) -> None:
    path = room.folder / "config" / "publisher.toml"
    head, _, tail = path.read_text().partition("[[relay]]")
    table = f'[[relay]]\nname = "main"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n\n'
    path.write_text(head + table + "[fetch]" + tail.partition("[fetch]")[2])


def levels(room: Room, *options: str) -> dict[str, tuple[str, str, str]]:
    said = room("--json", "doctor", *options)
    assert said.code == (0 if said.data["ok"] else 5)
    return {found["check"]: (found["level"], found["said"], found["do"]) for found in said.data["findings"]}


def test_a_house_in_order_is_said_to_be(room: Room, zone: Zone, tmp_path: Path) -> None:
    zone.records = dict(SOUND)
    room("db", "check")
    (tmp_path / "smtp").mkdir()
    with keeping(tmp_path / "smtp") as server:
        relay(room, server.port)
        found = levels(room, "--nameserver", zone.place)
        shown = room("doctor", "--nameserver", zone.place)
        quiet = room("-q", "doctor", "--nameserver", zone.place)
    bad = {check: what for check, what in found.items() if what[0] not in {OK, WARNING}}
    assert not bad
    assert not any(level == FAULT for level, _, _ in found.values())
    assert {
        "database",
        "relay main",
        "clock",
        "sources",
        "file modes",
        "free space",
        "templates",
    } <= found.keys()
    assert {"spf bounce.news.example", f"dkim {RECORD.name}", "dmarc news.example"} <= found.keys()
    assert f"ok     dkim {RECORD.name}: our key is published" in shown.out
    assert "ok     " not in quiet.out
    assert server.messages() == [], "no mail leaves"


def test_what_is_wrong_is_named_with_what_to_do(room: Room, zone: Zone) -> None:
    zone.records = {
        ("bounce.news.example", "TXT"): ["v=spf1 +all"],
        ("bounce.news.example", "MX"): ["0 ."],
        (RECORD.name, "TXT"): ["v=DKIM1; k=rsa; p="],
        ("_dmarc.news.example", "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"],
    }
    assert room("subscriber", "add", "a@news.example", "--digest", "morning", "--basis", "asked").code == 0
    with sqlite3.connect(room.folder / "var" / "publisher.sqlite3") as changed:
        changed.execute("UPDATE subscription SET sections = 'gone'")  # as when the digest loses a section
    changed.close()
    (room.folder / "var" / "publisher.sqlite3").chmod(0o644)
    relay(room, 9)
    found = levels(room, "--nameserver", zone.place)
    for check, words in {
        "file modes": "everybody can open",
        "relay main": "the connection was refused",
        "spf bounce.news.example": "everybody may send",
        "mx bounce.news.example": "takes no mail",
        f"dkim {RECORD.name}": "revoked",
        "dmarc news.example": "2 policies",
    }.items():
        level, said, do = found[check]
        assert (level, bool(do)) == (FAULT, True), check
        assert words in said
    assert found["mx news.example"][0] == WARNING
    assert found["readers"][:2] == (
        WARNING,
        "1 of morning chose sections that it has no more, and get nothing: gone",
    )


def test_stories_that_came_in_while_the_clock_lay_ahead_are_told(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave the feeds once it is set right, and nothing else says why. An embargo lies ahead, too, and is meant."""
    later = datetime(2099, 5, 1, 8, 0, tzinfo=UTC)
    with monkeypatch.context() as ahead:
        ahead.setattr("publisher.cli.sources.now", lambda: later)
        assert room.ingest(line(1), line(2)).code == 0
    assert room.ingest(line(3), line(4, embargo="2099-04-01T08:00:00Z")).code == 0
    states = {row["headline"]: (row["id"], row["state"]) for row in room.json("story", "list")["items"]}
    assert states["Headline number 4"][1] == "embargoed"
    assert states["Headline number 2"][1] == "usable"
    level, said, do = levels(room, "--no-dns")["stories"]
    assert level == WARNING
    assert said == "2 came in while the clock lay ahead, and nothing shows them before 2099-05-01 08:00Z"
    assert do.startswith("With their next version from the source they stand now")
    with monkeypatch.context() as ahead:
        ahead.setattr("publisher.cli.doctoring.now", lambda: later)
        assert "stories" not in levels(room, "--no-dns")


@pytest.mark.parametrize(
    ("network", "told"),
    [("172.17.0.0/24", True), ("8.8.8.0/24", False), ("unknown", False)],
)
def test_readers_who_all_come_from_a_private_network_are_told(room: Room, network: str, told: bool) -> None:
    """A web server in front that `web.proxies` do not name, most likely: each reader's evidence says its network."""
    for name in ("a", "b"):
        room("subscriber", "add", f"{name}@news.example", "--digest", "morning", "--basis", "asked")
    with sqlite3.connect(room.folder / "var" / "publisher.sqlite3") as changed:
        changed.execute("UPDATE consent SET network = ? WHERE id = (SELECT min(id) FROM consent)", (network,))
    changed.close()
    found = levels(room, "--no-dns")
    assert ("proxies" in found) is told
    if told:
        level, said, do = found["proxies"]
        assert (level, network in said, "web.proxies" in said, bool(do)) == (WARNING, True, True, True)


def test_no_network_is_no_fault_and_is_not_waited_for_twice(room: Room, zone: Zone) -> None:
    zone.rcode = dns.rcode.SERVFAIL
    relay(room, 9)
    found = levels(room, "--nameserver", zone.place)
    unasked = [check for check, (level, _, _) in found.items() if level == SKIPPED and check != "database"]
    assert len(unasked) == 2
    zone.asked.clear()
    room("db", "check")
    with sqlite3.connect(room.folder / "var" / "publisher.sqlite3") as broken:
        broken.execute("DROP TABLE event")
    broken.close()
    found = levels(room, "--no-dns")
    assert (found["dns"][0], found["database"][0], found["relay main"][0]) == (SKIPPED, FAULT, FAULT)
    assert not zone.asked


def test_a_database_that_needs_something_is_a_finding_and_the_rest_is_looked_at(room: Room) -> None:
    relay(room, 9)
    assert levels(room, "--no-dns")["database"][0] == SKIPPED
    path = room.folder / "var" / "publisher.sqlite3"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"this is no database" * 300)
    found = levels(room, "--no-dns")
    assert found["database"][0] == FAULT
    assert found["relay main"][0] == FAULT


@pytest.mark.parametrize(("free", "level"), [(2 << 30, OK), (500 << 20, WARNING), (10 << 20, FAULT)])
def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
    assert machine.room(tmp_path / "not" / "there").level == level
    assert machine.disk_of(tmp_path / "not" / "there") == machine.disk_of(tmp_path)


def test_a_copy_of_what_is_public_on_another_disk_is_looked_at_for_room(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room("feed", "build", "--out", str(room.folder / "mounted")).code == 0
    monkeypatch.setattr(house, "disk_of", lambda folder: "mounted" in str(folder))
    free = lambda path: SimpleNamespace(free=("mounted" not in str(path)) << 30)  # noqa: E731 - bound here
    monkeypatch.setattr(machine.shutil, "disk_usage", free)
    rows = room("--json", "doctor", "--no-dns").data["findings"]
    found = [(row["level"], row["do"]) for row in rows if row["check"] == "free space"]
    assert found[0] == (OK, "")
    assert found[1:] == [(FAULT, "Make room: on a full disk pages and feeds go missing from this folder")]


@pytest.mark.parametrize(
    ("texts", "level"),
    [
        ([], FAULT),
        (["v=spf1 include:a.example -all"], OK),
        (["V=SPF1 ~all"], OK),
        (["v=spf10 -all"], FAULT),
        (["v=spf1 -all", "v=spf1 ~all"], FAULT),
    ],
)
def test_one_spf_policy_and_not_for_everybody(texts: list[str], level: str) -> None:
    assert names._spf("spf", texts).level == level


def test_a_policy_above_the_domain_counts() -> None:
    above = {"_dmarc.news.example": ["v=DMARC1; p=reject"]}
    found = names._dmarc("dmarc", ask=lambda name, _kind: above.get(name, []), domain="mail.news.example")
    assert (found.level, "at news.example" in found.said) == (OK, True)


@pytest.mark.parametrize("place", ["nowhere:x", "not an address"])
def test_a_name_server_is_an_address(room: Room, place: str) -> None:
    said = room("doctor", "--nameserver", place)
    assert said.code == 2
    assert "--nameserver" in said.err


def test_a_key_that_was_made_and_not_named_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = commands.room(tmp_path, capsys)
    key = made.folder / "config" / "dkim-wire2026.pem"
    key.write_text(KEY)
    key.chmod(0o600)
    level, said, do = levels(made, "--no-dns")["signatures"]
    assert (level, "dkim-wire2026.pem lies unused" in said) == (WARNING, True)
    assert 'selector = "wire2026"' in do
