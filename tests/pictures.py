"""Make the README's pictures anew from what `publisher demo` writes now: `make pictures`. Needs Chromium; look at what it made.

The digest as a mail reader on a desktop shows it, and a section of the site, each in English on light beside Persian on dark. Chromium takes a shot of each and puts both
on one canvas, whose WebP is a third of the size of a screenshot.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 640, 1000
DARK, LIGHT = 0, 1
"""Chromium's numbers for what `prefers-color-scheme` asks."""
PICTURES = {
    "digest": (("preview/digest-en.html", LIGHT), ("preview/digest-fa.html", DARK)),
    "site": (("site/s/world/index.html", LIGHT), ("site/s/world/fa/index.html", DARK)),
}
QUALITY = 0.85
CHROMIUM = (
    "chromium",
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
BESIDE = """<!doctype html>%s<canvas></canvas><script>
addEventListener("load", () => {
    const canvas = document.querySelector("canvas"), images = document.querySelectorAll("img");
    canvas.width = images.length * %d; canvas.height = %d;
    images.forEach((image, at) => canvas.getContext("2d").drawImage(image, at * %d, 0));
    document.title = canvas.toDataURL("image/webp", %s);
});
</script>"""
"""Drawn while the page is loaded: Chromium writes it out when that is over, and waits for nothing that comes later."""


def chromium(page: Path, *options: str) -> bytes:
    """Show a page; what Chromium wrote to standard output."""
    with tempfile.TemporaryDirectory() as profile:
        told = subprocess.run(
            [
                *CHROMIUM,
                f"--user-data-dir={profile}",
                f"--window-size={WIDTH},{HEIGHT}",
                *options,
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
    return told.stdout


def main() -> None:
    """Run the demo in a folder of its own, and take its pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        demo = [sys.executable, "-m", "publisher", "demo", "--dir", str(folder / "demo")]
        subprocess.run(demo, check=True, capture_output=True)
        for picture, pages in PICTURES.items():
            made = ROOT / "docs" / "images" / f"{picture}.webp"
            made.write_bytes(_beside(folder, pages))
            sys.stdout.write(f"wrote {made.relative_to(ROOT)}, {made.stat().st_size:,} bytes: look at it\n")


def _beside(folder: Path, pages: Sequence[tuple[str, int]]) -> bytes:
    """These pages of the demo, one beside the other."""
    sources = []
    for page, scheme in pages:
        shot = folder / "shot.png"
        chromium(
            folder / "demo" / page, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={shot}"
        )
        sources.append(f'<img src="data:image/png;base64,{base64.b64encode(shot.read_bytes()).decode()}">')
    beside = folder / "beside.html"
    beside.write_text(BESIDE % ("".join(sources), WIDTH, HEIGHT, WIDTH, QUALITY), encoding="utf-8")
    dom = chromium(beside, "--dump-dom").decode()
    found = re.search(r"<title>data:image/webp;base64,([^<]+)</title>", dom)
    if found is None:
        sys.exit("Chromium gave no picture")
    return base64.b64decode(found[1])


if __name__ == "__main__":
    main()
