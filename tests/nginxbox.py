"""nginx with an example of docs/serving.md, on a free port of loopback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.tree import ROOT
from tests.webbox import until

WRAP = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    {temporary}
    {example}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def examples() -> list[str]:
    """Behind nginx, and nginx alone."""
    text = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    return re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def nginx(program: str, folder: Path, example: str) -> Iterator[int]:
    """A running nginx with this example on a free port."""
    port = free_port()
    example = re.sub(r"listen .*;", f"listen 127.0.0.1:{port};", example)
    example = re.sub(r"ssl_certificate.*;", "", example).replace("/srv/www", str(folder / "out"))
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    user = "user root;" if os.getuid() == 0 else ""  # pytest's folders are their owner's alone
    path = folder / "nginx.conf"
    path.write_text(WRAP.format(user=user, folder=folder, temporary=temporary, example=example))
    command = [program, "-e", "stderr", "-p", str(folder), "-c", str(path)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    with subprocess.Popen(command) as process:
        try:
            until(lambda: listens(port))
            yield port
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
