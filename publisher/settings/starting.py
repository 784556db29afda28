"""The configuration that `publisher init` begins a newsroom with: the shipped, commented files and fresh secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from publisher import assets
from publisher.settings.files import FILES
from publisher.settings.keys import new_secrets

__all__ = ["starting_files"]


def starting_files(today: date) -> Mapping[str, str]:
    """File name -> text, for the configuration's folder; write secrets.toml with mode 0600.

    `today` becomes `site.tag_date`: a day on which the domain is the newsroom's, as RFC 4151 asks.
    """
    shipped = assets.root() / "config"
    texts = {name: (shipped / name).read_text(encoding="utf-8") for name in FILES if name != "secrets.toml"}
    texts["publisher.toml"] = re.sub(
        r'^tag_date = ".*"$',
        f'tag_date = "{today.isoformat()}"',
        texts["publisher.toml"],
        count=1,
        flags=re.MULTILINE,
    )
    return {**texts, "secrets.toml": new_secrets()}
