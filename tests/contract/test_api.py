"""The HTTP API: who may, what is declared is what is served, and an act that is sent twice is done once."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from publisher.desk import access, readers
from publisher.errors import BadInput, Conflict, PublisherError, UnknownName
from publisher.store.db import Database
from publisher.web.api.door import STATUS
from publisher.web.api.operations import OPERATIONS, Operation
from publisher.web.readers import PATHS
from subscribers.errors import SubscribersError
from tests.apibox import READERS, Program, house, token
from tests.newsrooms import NOW
from tests.readerpages import Page

ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NEW = {"address": "new@list.example", "digest": "morning", "basis": "asked by phone"}


def problem(page: Page) -> tuple[int, str]:
    said = json.loads(page.body)
    assert page.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"urn:publisher:problem:{said['code']}"
    assert said["status"] == page.status
    return page.status, said["code"]


def path_of(one: Operation) -> str:
    return re.sub(
        r"\{\w+\}", lambda part: {"{number}": "1", "{digest}": "morning"}.get(part[0], "X"), one.path
    )


@ONE
def test_nobody_gets_in_without_a_good_token_of_the_scope(database: Database) -> None:
    program = Program(house(database))
    good = token(program.room, "all")
    over = token(program.room, "over", expires_at=NOW, now=NOW - timedelta(days=1))
    gone = token(program.room, "gone")
    access.revoke(program.room, "gone", actor="test", now=NOW)
    for number, one in enumerate(OPERATIONS):
        path = path_of(one)
        for shown in ("", "pub_x", over, gone, good[:-1]):
            page = program.call(one.method, path, token=shown)
            assert problem(page) == (401, "no-token")
            assert page.headers["www-authenticate"].startswith("Bearer")
        others = set(access.SCOPES) - {one.scope}
        page = program.call(one.method, path, token=token(program.room, f"others{number}", *others))
        assert problem(page) == (403, "scope")
        page = program.call(one.method, f"{path}?token={good}", token=good)
        assert problem(page)[0] == 400, "what is not declared is refused, a token in the address too"
        assert b"token: is unknown" in page.body or b"nothing is asked here" in page.body
    assert program.call("GET", "/openapi.json", token="").status == 200
    with database.read() as connection:
        stored = connection.exec_driver_sql("SELECT * FROM api_token").all()
    assert good not in str(stored)
    for name, scopes in (("Bad Name", ["stories:read"]), ("x", []), ("x", ["stories:all"])):
        with pytest.raises(BadInput):
            access.add(program.room, name, scopes=scopes, expires_at=None, actor="test", now=NOW)
    with pytest.raises(BadInput, match="--expires"):
        token(program.room, "past", expires_at=NOW)
    with pytest.raises(Conflict):
        token(program.room, "gone")
    with pytest.raises(UnknownName):
        access.revoke(program.room, "nobody", actor="test", now=NOW)
    with pytest.raises(Conflict):
        access.revoke(program.room, "gone", actor="test", now=NOW)


def test_program_does_what_a_person_does_and_once(database: Database) -> None:
    program = Program(house(database))
    program.token = token(program.room, "site")

    def got(method: str, path: str, body: object = None, *headers: tuple[str, str], status: int = 200):
        page = program.call(method, path, body, *headers)
        assert page.status == status, page.text
        return json.loads(page.body) if page.body else page.headers

    # lists in pages; every answer has the fields that are declared
    for one in OPERATIONS:
        if one.listed:
            first = got("GET", f"{one.path}?limit=1")
            assert one.gives.model_validate(first["items"][0])
            rest = (
                got("GET", f"{one.path}?limit=200&cursor={first['next']}") if first["next"] else {"items": []}
            )
            whole = got("GET", one.path)
            assert [row["id"] for row in first["items"] + rest["items"]] == [
                row["id"] for row in whole["items"]
            ]
            show = next(
                other
                for other in OPERATIONS
                if other.path.startswith(f"{one.path}/{{") and other.method == "GET"
            )
            assert show.gives.model_validate(got("GET", f"{one.path}/{whole['items'][0]['id']}"))

    # a reader comes, changes and leaves
    once = ("idempotency-key", "abc-1")
    page = program.call("POST", "/subscribers", NEW, once)
    made = json.loads(page.body)
    assert (page.status, page.headers["location"].rpartition("/")[2]) == (201, str(made["id"]))
    again = program.call("POST", "/subscribers", NEW, once)
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert json.loads(again.body)["consent"] == made["consent"], "the evidence is kept once"
    assert problem(program.call("POST", "/subscribers", NEW | {"basis": "other"}, once)) == (400, "bad-input")
    assert len(readers.record(program.room, NEW["address"])["consent"]) == len(made["consent"])
    place = f"/subscribers/{made['id']}/subscriptions/morning"
    changed = got("PATCH", place, {"sections": ["world"], "rhythm": "daily 02:00"})
    assert (changed["subscriptions"][0]["sections"], changed["subscriptions"][0]["rhythm"]) == (
        ["world"],
        "daily 02:00",
    )
    assert got("PATCH", place, {"sections": []})["subscriptions"][0]["rhythm"] == "daily 02:00"
    assert problem(program.call("PATCH", place, {"sections": ["sport"]})) == (400, "bad-input")
    got("DELETE", place, status=204)
    got("DELETE", place, status=204)
    assert problem(program.call("PATCH", place, {})) == (409, "conflict")
    assert got("GET", f"/subscribers?address={NEW['address']}")["items"][0]["digests"] == []
    assert got("GET", "/subscribers?address=nobody@list.example") == {"items": [], "next": None}
    steps = readers.record(program.room, NEW["address"])["consent"]
    assert {step["actor"] for step in steps} == {"api:site"}

    # a story is held, released, killed and restored
    story = got("GET", "/stories")["items"][0]["id"]
    for word, state in (("hold", "held"), ("release", "usable"), ("kill", "killed")):
        told = got("POST", f"/stories/{story}/{word}", {"why": "as agreed"}, ("idempotency-key", word))
        assert (told["state"], told["acts"][-1]["actor"]) == (state, "api:site")
        got("POST", f"/stories/{story}/{word}", {"why": "as agreed"}, ("idempotency-key", word))
    assert problem(program.call("POST", f"/stories/{story}/release", {"why": "x"})) == (409, "refused")
    assert got("GET", "/stories?state=killed")["items"][0]["id"] == story
    told = got("POST", f"/stories/{story}/restore", {"why": "a mistake"})
    assert (told["state"], told["version"], told["acts"][-1]["actor"]) == ("usable", 2, "api:site")

    # who has the bytes is not sent them again
    page = program.call("GET", "/editions")
    known = program.call("GET", "/editions", None, ("if-none-match", page.headers["etag"]))
    assert (known.status, known.body, page.headers["cache-control"]) == (304, b"", "private, no-cache")

    # a request that died while it was carried out may be sent again; one that is under way not
    by = access.who(program.room, program.token, now=NOW)
    access.once(program.room, by, "k", b"POST x", now=NOW)
    with pytest.raises(Conflict):
        access.once(program.room, by, "k", b"POST x", now=NOW + timedelta(minutes=1))
    assert access.once(program.room, by, "k", b"POST x", now=NOW + timedelta(minutes=6)).before is None


@ONE
def test_what_cannot_be_used_is_a_problem_and_no_crash(database: Database) -> None:
    program = Program(house(database))
    program.token = token(program.room, "site")
    bodies = [
        None,
        b"",
        b"{",
        b"[" * 9000,
        b'{"basis": "no", %b' % json.dumps(NEW).encode()[1:],
        b"\xff",
        [],
        7,
        {},
        NEW | {"more": 1},
        NEW | {"address": 7},
        NEW | {"basis": " "},
    ]
    bodies += [
        NEW | {"address": "a b@x"},
        NEW | {"address": "\ud800@x.example"},
        NEW | {"rhythm": "often"},
        b"x" * 20_000,
    ]
    bodies += [NEW | {"basis": words} for words in ("a\0b", "\x1b", "\x9b31m", "\u200b", "\u2800")]
    for body in bodies:
        assert problem(program.call("POST", "/subscribers", body))[0] in {400, 413}, body
    for path in (
        "/subscribers/0",
        "/subscribers/99999999999999999999",
        "/subscribers/one",
        "/subscribers/77",
        "/stories/%00",
        "/editions/x%2Fy",
        "/stories/NOBODY",
        "/dispatches/01KJP4TQ0M2Z",
        "/subscribers?digest=evening",
        "/nothing",
        "/stories/",
    ):
        assert problem(program.call("GET", path))[0] == 404, path
    for path in (
        "/stories?cursor=x",
        "/stories?limit=0",
        "/stories?limit=1.0",
        "/stories?limit=%2B5",
        "/stories?limit=1&limit=2",
        "/stories?state=odd",
    ):
        assert problem(program.call("GET", path))[0] == 400, path
    assert problem(program.call("PUT", "/stories")) == (405, "method")
    assert problem(program.call("POST", "/subscribers", NEW, ("idempotency-key", "ü" * 300)))[0] == 400
    assert [
        row["address"] for row in readers.listing(program.room, digest=None, after=None, limit=9)
    ] == list(READERS)


def test_every_announced_failure_has_a_status() -> None:
    def below(kind: type[Exception]):
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    kinds = [*below(PublisherError), *below(SubscribersError)]
    assert len(kinds) > 20
    assert [
        kind
        for kind in kinds
        if kind.__module__.partition(".")[0] in {"publisher", "subscribers"}
        and not set(kind.__mro__) & set(STATUS)
    ] == []
    assert b"api" not in PATHS


@ONE
def test_the_document_describes_every_operation_and_refers_to_nothing_else(database: Database) -> None:
    program = Program(house(database))
    told = json.loads(program.call("GET", "/openapi.json", token="").body)
    assert told["openapi"] == "3.1.0"
    served = {
        (one["operationId"], method, path) for path, of in told["paths"].items() for method, one in of.items()
    }
    assert served == {(one.name, one.method.lower(), one.path) for one in OPERATIONS}
    for ref in re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(told)):
        assert ref[1] in told["components"][ref[0]]
    assert told["servers"] == [{"url": "https://front.example/api/v1"}]
