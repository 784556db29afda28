"""The program as a person uses it: a newsroom in a folder; a command that is to be killed is a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from publisher.cli import publisher
from publisher.cli.exits import told
from tests.newsrooms import jsonl

START = (
    "from publisher.desk import followups\n"
    "from publisher.desk.mailing import freeze\n"
    "followups.SLICE = freeze.FREEZE_SLICE = 3\n"  # so that a freeze of some readers has several slices
    "from publisher.cli import main\n"
    "main()\n"
)
ROOT = Path(__file__).resolve().parents[1]


class House:
    """A newsroom as `init` makes it, whose relay is on this machine."""

    def __init__(self, folder: Path, relay_port: int) -> None:
        self.folder = folder
        done = self.run("init", str(folder))
        assert done.returncode == 0, done.stderr
        path = folder / "config" / "publisher.toml"
        words = path.read_text(encoding="utf-8")
        words = words.replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
        words = words.replace("port = 587", f'port = {relay_port}\ntls = "none"\nhelo = "front.example"')
        path.write_text(words, encoding="utf-8")

    def start(self, *arguments: str, crashpoint: str = "") -> subprocess.Popen[str]:
        """A command on its way, in a process of its own."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PUBLISHER_")}
        return subprocess.Popen(
            [sys.executable, "-c", START, "--config", str(self.folder / "config"), *arguments],
            cwd=ROOT,
            env=environment | {"PUBLISHER_CRASHPOINT": crashpoint},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command in this process, which spares it the imports, and what came of it."""
        said, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            code = told(publisher, ["--config", str(self.folder / "config"), *arguments])
        return subprocess.CompletedProcess(arguments, code, said.getvalue(), complained.getvalue())

    def data(self, *arguments: str) -> Any:
        """What a command says as JSON."""
        done = self.run("--json", *arguments)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def take_in(self, *stories: dict[str, Any]) -> None:
        """Stories of the source that `init` names."""
        path = self.folder / "stories.jsonl"
        path.write_bytes(jsonl(*stories))
        done = self.run("ingest", "--file", str(path), "--source", "harbour-news")
        assert done.returncode == 0, done.stderr

    def subscribe(self, *readers: tuple[str, str]) -> None:
        """Readers as (address, sections); no sections are all of them."""
        path = self.folder / "readers.csv"
        path.write_text(
            "email,sections\n" + "".join(f"{address},{sections}\n" for address, sections in readers),
            encoding="utf-8",
        )
        done = self.run("subscriber", "import", str(path), "--digest", "morning", "--basis", "asked")
        assert done.returncode == 0, done.stderr

    def dispatch(self) -> Any:
        """The newest dispatch, as `dispatch list` has it."""
        return self.data("dispatch", "list")["items"][0]

    def story(self, headline: str) -> str:
        """The id of the story with this headline."""
        return next(
            str(row["id"]) for row in self.data("story", "list")["items"] if row["headline"] == headline
        )
