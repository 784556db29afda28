"""Where templates/ and config/ are: inside the installed package, or in the checkout that is being worked on.

A wheel carries both folders under `publisher/_shipped` (pyproject.toml says so); an editable install and a checkout
have them beside the package. Operators override them by folder: `store.templates_dir`, `--config`.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["root"]

PACKAGE = Path(__file__).resolve().parent
FOLDERS = ("templates", "config")


def root(package: Path = PACKAGE) -> Path:
    """The folder that holds `templates` and `config`.

    Raises:
        FileNotFoundError: neither place has both: a broken installation, which no configuration can mend.
    """
    for place in (package / "_shipped", package.parent):
        if all((place / folder).is_dir() for folder in FOLDERS):
            return place
    raise FileNotFoundError(f"no templates and config beside {package}: this installation is incomplete")
