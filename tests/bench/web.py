"""Requests per second of `publisher serve` against nginx with the same files, in one run: whole, gzipped, and 304.

The load comes from wrk where it is installed, else from a small client of our own, the same for both servers; it is slower than nginx,
so that its ratios flatter us. Ours is one process; nginx has one worker. On a machine that has other work, only the ratio per second of
the servers' own processor time (from /proc) means anything.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.nginxbox import examples, nginx
from tests.webbox import Desk, ask, desk, serving

PATH = "/feeds/all.rss"
CONNECTIONS = 32
SECONDS = 2
ROUNDS = 5
TARGETS = {"200": 0.4, "gzip": 0.25, "304": 0.2}


def http() -> None:
    """Three kinds of request, each in rounds that alternate between the servers."""
    program = shutil.which("nginx")
    if program is None:
        sys.stdout.write("feeds over HTTP: skipped, nginx is missing\n")
        return
    with tempfile.TemporaryDirectory() as name, desk(Path(name)) as office:
        _fill(office)
        with serving(office.folder) as ours, nginx(program, office.folder, examples()[1]) as theirs:
            size = len(ask(theirs, PATH).body)
            assert ask(ours.port, PATH).body == ask(theirs, PATH).body
            load = "wrk" if shutil.which("wrk") else "our own client"
            sys.stdout.write(
                f"a feed of {size:,} bytes over HTTP, {CONNECTIONS} connections, load from {load}\n"
            )
            for kind, target in TARGETS.items():
                rounds = [
                    [
                        _rate(port, pid, kind)
                        for port, pid in ((ours.port, ours.process.pid), (theirs, os.getpid()))
                    ]
                    for _ in range(ROUNDS)
                ]
                mine, peer = (statistics.median(pair[n][0] for pair in rounds) for n in (0, 1))
                by_clock = sorted(one[0] / other[0] for one, other in rounds)
                by_work = sorted(one[1] / other[1] for one, other in rounds)
                sys.stdout.write(
                    f"{kind:<6}{mine:>10,.0f} /s, nginx {peer:>8,.0f} /s   ratio {_spread(by_clock)}   "
                    f"per processor second {_spread(by_work)}   target {target}\n"
                )


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def _fill(office: Desk) -> None:
    text = "The harbour office said on Monday that the ferry would run again. " * 5
    office.ingest(*range(50), body=text)
    office.publish()


def _headers(port: int, kind: str) -> list[str]:
    if kind == "200":
        return []
    packed = ["Accept-Encoding: gzip"]
    if kind == "gzip":
        return packed
    return [*packed, f"If-None-Match: {ask(port, PATH, *packed)['etag']}"]


def _rate(port: int, pid: int, kind: str) -> tuple[float, float]:
    """Requests per second, and per second of processor time of this process or of its nginx children."""
    headers = _headers(port, kind)
    assert ask(port, PATH, *headers).status == (304 if kind == "304" else 200)
    before = _work(pid)
    if program := shutil.which("wrk"):
        command = [
            program,
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{SECONDS}s",
            *(x for h in headers for x in ("-H", h)),
        ]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{PATH}"], capture_output=True, text=True, check=True
        )
        total, rate = (
            re.search(r"(\d+) requests in", done.stdout),
            re.search(r"Requests/sec:\s*([\d.]+)", done.stdout),
        )
        assert total is not None, done.stdout
        assert rate is not None, done.stdout
        count, per_second = int(total[1]), float(rate[1])
    else:
        count = asyncio.run(_own_load(port, headers))
        per_second = count / SECONDS
    return per_second, count / (_work(pid) - before)


def _work(pid: int) -> float:
    """Seconds of processor time: of the process itself, or, for our own, of the nginx below it."""
    spent = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            values = rest.split()
            spent[int(path.parent.name)] = (name, int(values[1]), int(values[11]) + int(values[12]))
    if pid != os.getpid():
        return spent[pid][2] / os.sysconf("SC_CLK_TCK")
    ours = {number for number, (name, parent, _) in spent.items() if name == "nginx" and parent == pid}
    workers = [ticks for _, parent, ticks in spent.values() if parent in ours]
    return sum(workers) / os.sysconf("SC_CLK_TCK")


async def _own_load(port: int, headers: list[str]) -> int:
    request = "\r\n".join([f"GET {PATH} HTTP/1.1", "Host: x", *headers, "", ""]).encode()
    end = time.monotonic() + SECONDS
    count = 0

    async def one() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < end:
            writer.write(request)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()  # nginx ends a connection after 1,000 requests
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if length is not None and b" 304 " not in head[:16]:
                await reader.readexactly(int(length[1]))
            count += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return count
