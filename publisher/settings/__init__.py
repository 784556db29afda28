"""The configuration: TOML files, then the environment; frozen, checked as a whole, every problem named at once.

`load` finds and reads it, `Settings` is what comes out, `effective` shows it with secrets masked, `new_secrets` makes
keys for a new installation. docs/configuration.md describes every setting. Nothing here opens a database or a network
connection; newsroom alone turns settings into the values that the other rooms are handed.
"""

from publisher.settings.files import written
from publisher.settings.keys import Secrets, fresh_keys, new_secrets, secrets_toml
from publisher.settings.leftovers import borrowed, leftovers
from publisher.settings.loading import Settings, effective, from_data, load
from publisher.settings.mail import Mail, Relay, Timeouts
from publisher.settings.starting import starting_files
from publisher.settings.tables import Fetch, Site, Store, Webhook
from publisher.settings.values import format_duration, parse_duration, parse_rate

__all__ = [
    "Fetch",
    "Mail",
    "Relay",
    "Secrets",
    "Settings",
    "Site",
    "Store",
    "Timeouts",
    "Webhook",
    "borrowed",
    "effective",
    "format_duration",
    "fresh_keys",
    "from_data",
    "leftovers",
    "load",
    "new_secrets",
    "parse_duration",
    "parse_rate",
    "secrets_toml",
    "starting_files",
    "written",
]
