"""A story's own page: source, link and disclaimer, what we changed, corrections first; and what stands there once it was withdrawn. PURE."""

from __future__ import annotations

from html import escape
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Item
from publisher.render.excerpt import excerpt
from publisher.render.pages.base import Site, frame, rendered, told_item, told_words
from publisher.render.pages.linked import linked_data
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = ["story_page", "withdrawn_page"]

SHARED = 300
"""Characters of a story's beginning that stand where its link is shared."""
BODY, LINKED = "\ufdd0body\ufdd1", "\ufdd0linked\ufdd1"
"""Where a story's sanitised HTML and its linked data go into its finished page: templates get text, which they escape. No text may hold
these signs: the intake takes them out."""


def story_page(edition: Edition, site: Site, *, url: str, canonical: str = "", templates: Templates) -> bytes:
    """Our own page of a story: an edition that holds nothing else. The whole text, as far as its source's rights allow.

    `canonical`: the address that search engines are to show instead; "" for the page's own. Where the rights allow a part of the text
    only they are asked to show none.
    """
    words = templates.words(site.language).apart
    (item,) = edition.items
    whole = item.rights == "full"
    page = frame(
        site,
        title=item.headline,
        heading=item.headline,
        about="",
        url=url,
        rights=[line for line in (item.copyright_notice, item.rights_line) if line],
        about_id=f"story {item.story_id}, version {item.version}",
        indexed=whole,
        canonical=canonical,
    )
    entry = told_item(edition, item, site.language, site.timezone, words)
    entry |= {"body": BODY, "changed": _changed(item, site, words), "cut": _cut(item, words)}
    # where the page is shared its link is shown with this: the source stands there too
    entry["shared"] = words.signs.colon.join(
        part for part in (item.source_name, excerpt(item.lede, SHARED)) if part
    )
    text = item.body or (f"<p>{escape(item.lede)}</p>" if item.lede else "")
    made = rendered(
        templates, "web/story.html.j2", page=page, words=told_words(words), item=entry, linked=LINKED
    )
    made = made.replace(LINKED.encode(), linked_data(item, site, url=url))
    return made.replace(BODY.encode(), text.encode(), 1)


def _changed(item: Item, site: Site, words: Words) -> str:
    """What we changed, in one sentence: the headline or nothing."""
    if not item.house_headline:
        return words.gettext("Nothing: headline and text are the source’s.")
    if item.headline_at is None:
        return words.fill("The headline is ours (%(house)s); the text is the source’s.", house=site.name)
    when = words.date_time(item.headline_at.astimezone(ZoneInfo(site.timezone)))
    return words.fill(
        "The headline is ours (%(house)s, %(when)s); the text is the source’s.", house=site.name, when=when
    )


def _cut(item: Item, words: Words) -> str:
    """What is not shown for want of rights."""
    if item.rights == "full":
        return ""
    return (
        words.gettext("We may show no more than the beginning of this story. All of it is at its source.")
        if item.lede
        else words.gettext("We may show no more than the headline of this story. All of it is at its source.")
    )


def withdrawn_page(edition: Edition, site: Site, *, templates: Templates) -> bytes:
    """What a person finds at the address of a story that was withdrawn: the house's notice, and no word of the story."""
    words = templates.words(site.language).apart
    (item,) = edition.items
    entry = told_item(edition, item, site.language, site.timezone, words)
    notice = item.withdrawn
    if notice is None:
        raise ValueError(f"story {item.story_id} was not withdrawn")
    page = frame(
        site,
        title=notice.title,
        heading=notice.title,
        about="",
        url="",
        about_id=f"story {item.story_id}, withdrawn",
        indexed=False,
    )
    return rendered(templates, "web/withdrawn.html.j2", page=page, words=told_words(words), item=entry)
