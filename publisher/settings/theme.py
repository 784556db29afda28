"""`[theme]`: the look of mails and pages, as written; every token is checked, so that no configuration can break markup or hide text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from publisher.settings.tables import Table
from publisher.settings.values import WebUrlOrEmpty, Whole
from publisher.theme import DARK, LIGHT, READABLE, SEEN, STANDARD, Colours, Theme, unreadable

__all__ = ["DarkTable", "LightTable", "ThemeTable", "theme_faults"]

FONT_STACK = re.compile(r"[A-Za-z-][A-Za-z0-9 -]*(, ?[A-Za-z-][A-Za-z0-9 -]*)*")
STACK_MAX = 200


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError('a colour is wanted, such as "#0b3d6b"')
    return value.lower()


def _stack(value: str) -> str:
    names = re.sub(r"[\"']", "", value).strip()
    if not FONT_STACK.fullmatch(names) or len(names) > STACK_MAX:
        raise ValueError('names of fonts between commas are wanted, such as "Georgia, Noto Serif, serif"')
    return names


def _secure(value: str) -> str:
    if value and not value.startswith("https://"):
        raise ValueError("has to be https: mail programs fetch nothing else")
    return value


Colour = Annotated[str, AfterValidator(_colour)]
Stack = Annotated[str, AfterValidator(_stack)]


class LightTable(Table):
    """`[theme.light]`: see `publisher.theme.Colours` for what each key means."""

    ink: Colour = LIGHT.ink
    muted: Colour = LIGHT.muted
    accent: Colour = LIGHT.accent
    alert: Colour = LIGHT.alert
    paper: Colour = LIGHT.paper
    tint: Colour = LIGHT.tint
    ground: Colour = LIGHT.ground
    line: Colour = LIGHT.line
    rule: Colour = LIGHT.rule


class DarkTable(Table):
    """`[theme.dark]`: the same where the reader's device prefers a dark ground."""

    ink: Colour = DARK.ink
    muted: Colour = DARK.muted
    accent: Colour = DARK.accent
    alert: Colour = DARK.alert
    paper: Colour = DARK.paper
    tint: Colour = DARK.tint
    ground: Colour = DARK.ground
    line: Colour = DARK.line
    rule: Colour = DARK.rule


class ThemeTable(Table):
    """`[theme]`: see `publisher.theme.Theme` for what each key means."""

    width: Annotated[Whole, Field(ge=480, le=800)] = STANDARD.width
    headline_font: Stack = STANDARD.headline_font
    text_font: Stack = STANDARD.text_font
    rtl_font: Stack = STANDARD.rtl_font
    logo: Annotated[WebUrlOrEmpty, AfterValidator(_secure)] = ""
    logo_width: Annotated[Whole, Field(ge=16, le=480)] = STANDARD.logo_width
    logo_height: Annotated[Whole, Field(ge=16, le=240)] = STANDARD.logo_height
    light: LightTable = LightTable()
    dark: DarkTable = DarkTable()

    def domain(self) -> Theme:
        """As rendering knows it."""
        return Theme(
            **{
                **self.model_dump(),
                "light": Colours(**self.light.model_dump()),
                "dark": Colours(**self.dark.model_dump()),
            }
        )


def theme_faults(theme: Theme) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each colour of text that cannot be read on a ground that it stands on: the key, and what is wrong."""
    for scheme, colours in (("light", theme.light), ("dark", theme.dark)):
        for text, ground, found in unreadable(colours):
            pair = f"{getattr(colours, text)} on {ground} {getattr(colours, ground)}"
            mend = f"readers need {SEEN if text == 'line' else READABLE} at least: make one of the two darker or lighter"
            yield ("theme", scheme, text), f"{pair} has a contrast of {found:.1f}; {mend}"
