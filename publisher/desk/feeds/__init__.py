"""The feeds: which documents there are, and how they are made and made public.

A feed is made from a frozen feed edition, never from live rows. Order: select, render, let the gate read each document, then one
transaction that freezes the edition, keeps its renderings, makes the bytes public and notes which hubs have to hear of it. Equal
content keeps the last edition and its bytes; a feed that the gate refuses, or that cannot be rendered, keeps its last good bytes and is
reported, and the others go on.
"""

from publisher.desk.feeds.archive import that_may_show
from publisher.desk.feeds.build import FeedReport, build
from publisher.desk.feeds.documents import overview

__all__ = ["FeedReport", "build", "overview", "that_may_show"]
