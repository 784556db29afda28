"""robots.txt, by the rules of RFC 9309 and by what sites write."""

from __future__ import annotations

from publisher.intake.robots import allowed

URL = "https://a.example/2026/story-1?page=2"
CASES = (
    ("", True),
    ("User-agent: *\nDisallow:", True),
    ("User-agent: *\nDisallow: /", False),
    ("\ufeffUser-agent: *\nDisallow: /", False),
    ("User-agent: *\rDisallow: /", False),
    ("USER-AGENT : *  # all\n\n\nDisallow : /2026 # old", False),
    ("Disallow: /", True),
    # the longest decides, of equal ones the one that allows
    ("User-agent: *\nAllow: /\nDisallow: /2026/", False),
    ("User-agent: *\nDisallow: /\nAllow: /2026/", True),
    ("User-agent: *\nDisallow: /2026/\nAllow: /2026/", True),
    # signs
    ("User-agent: *\nDisallow: /*story", False),
    ("User-agent: *\nDisallow: *page=", False),
    ("User-agent: *\nDisallow: /2026/story-1$", True),
    ("User-agent: *\nDisallow: /*2$", False),
    ("User-agent: *\nDisallow: /*story*story", True),
    ("User-agent: *\nDisallow: /2026\nAllow: /2026/*-1?", True),
    ("User-agent: *\nDisallow: /" + "*a" * 20_000, True),
    # groups
    ("User-agent: Publisher\nDisallow: /x\n\nUser-agent: publisher/2.0\nDisallow: /2026", False),
    ("User-agent: *\nDisallow: /\nUser-agent: Publisher\nAllow: /x", True),
    ("User-agent: other\nUser-agent: Publisher\nDisallow: /", False),
    ("User-agent: other\nDisallow: /\nUser-agent: Publisher\nDisallow: /x", True),
    ("User-agent: publish\nDisallow: /", True),
    ("User-agent: *\nCrawl-delay: 5\nSitemap: /s.xml\nDisallow: /2026", False),
    # escapes
    ("User-agent: *\nDisallow: /%zz\nDisallow: /%32026", False),
)


def test_what_robots_txt_asks():
    assert {text[:80]: allowed(text.encode(), URL) for text, _ in CASES} == {t[:80]: may for t, may in CASES}
    assert allowed(b"User-agent: *\nDisallow: /", "https://a.example/robots.txt")
    for rule in ("/%D8%AE%D8%A8%D8%B1", "/%d8%ae%d8%a8%d8%b1", "/خبر"):
        for path in ("/خبر/1", "/%d8%ae%D8%A8%D8%B1/1"):
            assert not allowed(f"User-agent: *\nDisallow: {rule}".encode(), f"https://a.example{path}")
    assert not allowed(b"User-agent: *\nDisallow: /%2A$", "https://a.example/*")
    assert allowed(b"\xff\xfe\x00junk", URL)
