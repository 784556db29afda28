"""The pages of the site: front, sections, digest editions and their archive, stories, what a feed is. Finished bytes from frozen editions.

PURE. A page is made like a mail: from an edition alone, with the same provenance at each item, and read back by the gate
before it is written. Nothing personal is known here.
"""

from publisher.render.pages.archive import Numbered, archive_page, edition_page
from publisher.render.pages.base import (
    EditionLink,
    Feed,
    Later,
    SectionFeed,
    SectionLink,
    Site,
    TongueLink,
    script_url,
)
from publisher.render.pages.house import front_page, help_page, missing_page, section_page
from publisher.render.pages.sitemap import News, Place, robots, sitemap
from publisher.render.pages.story import story_page, withdrawn_page

__all__ = [
    "EditionLink",
    "Feed",
    "Later",
    "News",
    "Numbered",
    "Place",
    "SectionFeed",
    "SectionLink",
    "Site",
    "TongueLink",
    "archive_page",
    "edition_page",
    "front_page",
    "help_page",
    "missing_page",
    "robots",
    "script_url",
    "section_page",
    "sitemap",
    "story_page",
    "withdrawn_page",
]
