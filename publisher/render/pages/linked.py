"""A story as linked data (schema.org, JSON-LD) for programs: the same provenance as its page shows to people. PURE.

It is data, and nothing in it runs: a Content-Security-Policy has no say in it. What could end the script element is escaped.
"""

from __future__ import annotations

import json
from typing import Any

from publisher.edition import Item
from publisher.render.media import picture
from publisher.render.pages.base import Site

__all__ = ["linked_data"]

ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def linked_data(item: Item, site: Site, *, url: str) -> bytes:
    """The story's NewsArticle, ready to stand between the tags of a script element."""
    text = json.dumps(_article(item, site, url), ensure_ascii=False, indent=1, allow_nan=False)
    return text.translate(ESCAPED).encode()


def _article(item: Item, site: Site, url: str) -> dict[str, Any]:
    publisher = {"@type": "NewsMediaOrganization", "name": site.name, "url": f"{site.url}/"}
    source = {"@type": "Organization", "name": item.source_name}
    if item.source_homepage:
        source["url"] = item.source_homepage
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": url,
        "mainEntityOfPage": url,
        "headline": item.headline,
        "inLanguage": item.language,
        "datePublished": item.first_published.isoformat(),
        "dateModified": item.modified_at.isoformat(),
        "author": {"@type": "Person", "name": item.byline} if item.byline else source,
        "publisher": publisher,
        "isBasedOn": item.source_url,
        "sourceOrganization": source,
        "creditText": item.source_name,
        "isAccessibleForFree": True,
    }
    said = {
        "alternativeHeadline": item.original_headline if item.house_headline else "",
        "description": item.lede,
        "dateline": item.dateline,
        "copyrightNotice": item.copyright_notice or item.rights_line,
    }
    data |= {key: value for key, value in said.items() if value}
    if shown := picture(item):
        data["image"] = {"@type": "ImageObject", "url": shown.url} | (
            {"creditText": shown.credit} if shown.credit else {}
        )
    if item.corrected_at is not None:
        data["correction"] = {
            "@type": "CorrectionComment",
            "datePublished": item.corrected_at.isoformat(),
            **({"text": item.correction_note} if item.correction_note else {}),
        }
    return data
