"""What a reader's page answers: a visit in, a response out. Runs in threads; decides nothing that `desk.consent` has not decided."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from zoneinfo import available_timezones

from starlette.responses import Response

from publisher.desk import consent
from publisher.desk.consent import Join, Joined, Standing
from publisher.render import readers as pages
from publisher.render.readers import House, Offer
from publisher.render.words import Words
from publisher.series import Digest
from publisher.web.replies import HEADERS, Replies
from publisher.web.visit import Visit, best
from subscribers.errors import AddressRefused, RhythmUnknown
from subscribers.rhythm import EACH, Rhythm
from subscribers.rhythm import parse as parse_rhythm
from subscribers.tokens import form_shown, form_token

__all__ = ["HEADERS", "Answers"]

YOUNGEST, OLDEST = timedelta(seconds=3), timedelta(hours=24)
"""How long a person takes to fill a form in."""
REFUSED, WRONG = 409, 422


class Answers(Replies):
    """What is answered at each address; told a visit, gives a response. Runs in threads."""

    # ------------------------------------------------------------------------------------------------------- joining

    def join(self, visit: Visit) -> Response:
        """The form for joining, and what comes of it."""
        offered = consent.offered(self._newsroom)
        slug = visit.said("digest") or visit.query.get("digest", "")
        digest = next((one for one in offered if one.slug == slug), None)
        if not offered:
            return self.dead(visit)
        if digest is None and slug:
            words, templates = self._spoken(visit), self._newsroom.templates
            page = pages.unknown_page(self._house, words, others=self._offers(words), templates=templates)
            return self._shown(page, 404)
        digest = digest or offered[0]
        lang = visit.said("lang") or visit.query.get("lang", "")
        language = lang if lang in digest.languages else best(visit.languages, digest.languages)
        words = self._words(language)
        if not visit.posts or visit.said("website"):
            return self._sent(words) if visit.posts else self._join_form(visit, digest, words)
        shown = form_shown(self._newsroom.form_key, visit.said("form"))
        now = self._clock()
        if shown is None or not YOUNGEST <= now - shown <= OLDEST:
            return self._join_form(visit, digest, words, again=True)
        wording = pages.consent(words, self._house, digest.title(language))
        try:
            came = consent.ask(
                self._newsroom,
                digest,
                self._wanted(visit, language),
                wording=(language, *wording),
                client=visit.client,
                now=now,
            )
        except AddressRefused:
            return self._join_form(visit, digest, words, wrong=True)
        return self._sent(words) if came is Joined.NOTED else self._busy(words)

    def _offers(self, words: Words, *, but: str = "") -> list[Offer]:
        """The digests that anybody may ask for."""
        offered = (one for one in consent.offered(self._newsroom) if one.slug != but)
        return [
            Offer(one.title(words.language), self._url(f"subscribe?digest={one.slug}")) for one in offered
        ]

    def _wanted(self, visit: Visit, language: str) -> Join:
        return Join(
            email=visit.said("email"),
            language=visit.said("language") or language,
            sections=[value for field, value in visit.form if field == "section"],
            rhythm=visit.said("rhythm"),
        )

    def _join_form(
        self, visit: Visit, digest: Digest, words: Words, *, wrong: bool = False, again: bool = False
    ) -> Response:
        wanted = self._wanted(visit, words.language)
        now = self._clock()
        page = pages.join_page(
            self._house,
            words,
            digest=digest.title(words.language),
            slug=digest.slug,
            action=f"{self._below}/subscribe",
            choices=consent.choices(
                self._newsroom,
                digest,
                words,
                language=wanted.language,
                sections=frozenset(wanted.sections),
                rhythm=_rhythm(wanted.rhythm),
                timezone=None,
                now=now,
            ),
            token=form_token(self._newsroom.form_key, now),
            email=wanted.email[:254],
            wrong=wrong,
            again=again,
            tongues=[
                Offer(digest.title(tag), self._url(f"subscribe?digest={digest.slug}&lang={tag}"), tag)
                for tag in digest.languages
            ],
            others=self._offers(words, but=digest.slug),
            templates=self._newsroom.templates,
        )
        return self._shown(page, WRONG if wrong else 200)

    def confirm(self, visit: Visit) -> Response:
        """A confirmation's link: a button, and what comes of it."""
        now = self._clock()
        if visit.posts:
            found = consent.confirm(self._newsroom, visit.token, client=visit.client, now=now)
        else:
            found = consent.confirming(self._newsroom, visit.token, now=now)
        if found is None:
            return self.dead(visit)
        words, title = self._said(found, visit)
        house = self._speaking(found, "confirm", visit.token)
        if found.barred:
            page = pages.barred_page(
                house, words, digest=title, address=found.address, templates=self._newsroom.templates
            )
            return self._shown(page, REFUSED)
        if visit.posts or found.done:
            page = pages.confirmed_page(
                house,
                words,
                digest=title,
                address=found.address,
                preferences=self._path("p", found.preferences),
                templates=self._newsroom.templates,
            )
        else:
            page = pages.confirm_page(
                house,
                words,
                digest=title,
                address=found.address,
                action=self._act(visit, "confirm", visit.token),
                templates=self._newsroom.templates,
            )
        return self._shown(page)

    # ------------------------------------------------------------------------------------------------------- leaving

    def leave(self, visit: Visit) -> Response:
        """A link to leave: a button; a POST leaves, from our page or from a mail program."""
        found = consent.leaving(self._newsroom, visit.token)
        if found is None:
            return self._leave_former(visit)
        words, title = self._said(found, visit)
        if visit.posts and visit.said("act") == "back":
            return self._back(visit, found, words)
        make = pages.left_page if found.done else pages.leave_page
        if visit.posts:
            self._leave(visit, found, form="unsubscribe")
            make = pages.left_page
        house = self._speaking(found, "u", visit.token)
        return self._about(make, words, title, found.address, self._act(visit, "u", visit.token), house=house)

    def _leave_former(self, visit: Visit) -> Response:
        """The same of a digest that is configured no more, of which only the link is left."""
        address = consent.former(self._newsroom, visit.token)
        if address is None:
            return self.dead(visit)
        make = pages.leave_page
        if visit.posts:
            consent.leave_former(self._newsroom, visit.token, client=visit.client, now=self._clock())
            make, address = pages.left_page, ""
        action = self._path("u", visit.token)
        return self._about(make, self._spoken(visit), self._house.name, address, action)

    def _about(
        self,
        make: Callable[..., bytes],
        words: Words,
        digest: str,
        address: str,
        action: str,
        *,
        house: House | None = None,
    ) -> Response:
        """A page that says something of a digest and its reader, with buttons that lead to `action`."""
        templates = self._newsroom.templates
        return self._shown(
            make(
                house or self._house,
                words,
                digest=digest,
                address=address,
                action=action,
                templates=templates,
            )
        )

    def _leave(self, visit: Visit, standing: Standing, *, form: str) -> None:
        consent.leave(self._newsroom, standing, form=form, client=visit.client, now=self._clock())

    def _back(self, visit: Visit, standing: Standing, words: Words) -> Response:
        if not standing.address:
            return self.dead(visit)
        came = consent.back(self._newsroom, standing, client=visit.client, now=self._clock())
        return self._sent(words) if came is Joined.NOTED else self._busy(words)

    # ------------------------------------------------------------------------------------------------------ choosing

    def prefer(self, visit: Visit) -> Response:
        """A link to choose: what they get, and what comes of each of its buttons."""
        found = consent.preferring(self._newsroom, visit.token)
        if found is None:
            return self.dead(visit)
        words, title = self._said(found, visit)
        act = visit.said("act") if visit.posts else ""
        if act == "back":
            return self._back(visit, found, words)
        if act == "account":
            came = consent.own_link(self._newsroom, found, client=visit.client, now=self._clock())
            return self._sent(words) if came is Joined.NOTED else self._busy(words)
        if act == "leave":
            self._leave(visit, found, form="preferences")
            return self._about(pages.left_page, words, title, found.address, self._path("p", visit.token))
        zone = _zone(visit.said("timezone")) if act == "save" else found.timezone or ""
        wrong = bool(zone) and zone not in available_timezones()
        wanted = self._wanted(visit, found.language)
        empty = act == "save" and found.active and consent.chose_nothing(found.digest, wanted)
        if act == "save" and not (wrong or empty):
            consent.save(self._newsroom, found, wanted, timezone=zone or None)
            found = consent.preferring(self._newsroom, visit.token) or found
            words, title = self._said(found, visit)
        return self._preferences(visit, found, words, title, saved=act == "save", wrong=wrong, empty=empty)

    def _preferences(
        self,
        visit: Visit,
        found: Standing,
        words: Words,
        title: str,
        *,
        saved: bool,
        wrong: bool,
        empty: bool,
    ) -> Response:
        choices = consent.choices(
            self._newsroom,
            found.digest,
            words,
            language=found.language,
            sections=None if empty else frozenset(found.sections.split()),
            rhythm=found.rhythm,
            timezone=found.timezone,
            now=self._clock(),
        )
        page = pages.preferences_page(
            self._speaking(found, "p", visit.token),
            words,
            digest=title,
            address=found.address,
            action=self._act(visit, "p", visit.token),
            choices=choices if found.active else None,
            timezone=visit.said("timezone")[:64] if wrong else found.timezone or found.digest.timezone,
            zones=sorted(zone for zone in available_timezones() if "/" in zone),
            saved=saved and not empty,
            wrong=wrong,
            empty=empty,
            templates=self._newsroom.templates,
        )
        return self._shown(page, WRONG if wrong or empty else 200)

    # ------------------------------------------------------------------------------------------------------ own data

    def account(self, visit: Visit) -> Response:
        """A link to one's own data: what it can do, and what comes of it."""
        now, act = self._clock(), visit.said("act")
        found = consent.account(self._newsroom, visit.token, now=now)
        if found is None:
            return self.dead(visit)
        words = self._words(found.language or self._newsroom.settings.site.language)
        if visit.posts and act == "export":
            data = consent.export(self._newsroom, visit.token, now=now)
            if data is None:
                return self.dead(visit)
            body = json.dumps(data, default=lambda value: value.isoformat(), ensure_ascii=False, indent=2)
            file = {"content-disposition": 'attachment; filename="my-data.json"'}
            return Response(body, headers=HEADERS | file, media_type="application/json")
        if visit.posts and act == "erase":
            gone = consent.erase(self._newsroom, visit.token, now=now)
            return self.dead(visit) if gone is None else self._done(words, "erased")
        wrong = False
        if visit.posts and act == "move":
            try:
                came = consent.new_address(
                    self._newsroom, visit.token, visit.said("email"), client=visit.client, now=now
                )
            except AddressRefused:
                wrong = True
            else:
                return self._sent(words) if came is Joined.NOTED else self._busy(words)
        page = pages.account_page(
            self._house,
            words,
            address=found.address,
            action=self._path("account", visit.token),
            wrong=wrong,
            templates=self._newsroom.templates,
        )
        return self._shown(page, WRONG if wrong else 200)

    def address(self, visit: Visit) -> Response:
        """The link that proves a new address: a button, and what comes of it."""
        now = self._clock()
        found = consent.proved(self._newsroom, visit.token, now=now)
        if found is None:
            return self.dead(visit)
        words = self._words(found.language or self._newsroom.settings.site.language)
        if visit.posts:
            done = consent.prove(self._newsroom, visit.token, client=visit.client, now=now)
            if done is None:
                return self.dead(visit)
            return self._done(words, "moved" if done[1] else "not-moved", found.address)
        page = pages.address_page(
            self._house,
            words,
            address=found.address,
            action=self._path("address", visit.token),
            templates=self._newsroom.templates,
        )
        return self._shown(page)


@cache
def _zones() -> dict[str, str]:
    """Time zones by what people call them: in small letters, and cities alone where there is one of that name."""
    every = available_timezones()
    cities = Counter(name.rpartition("/")[2].casefold() for name in every)
    named = {name.rpartition("/")[2].casefold(): name for name in sorted(every)}
    alone = {city: name for city, name in named.items() if cities[city] == 1}
    return alone | {name.casefold(): name for name in every}


def _zone(typed: str) -> str:
    """The time zone that somebody typed, else what they typed: "lisbon" is Europe/Lisbon."""
    text = typed.strip()
    return _zones().get(text.casefold().replace(" ", "_"), text)


def _rhythm(text: str) -> Rhythm:
    try:
        return parse_rhythm(text)
    except RhythmUnknown:
        return EACH
