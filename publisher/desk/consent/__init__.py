"""What readers do on the public pages: join, confirm, leave, choose, see to their own data. Every page's use case, told a token and the time.

Promises: looking changes nothing; a form's request is one row whoever the address is, answered later (`mailing.notices`); leaving holds from the
moment its transaction has committed; a link that is none says nothing about anybody. A link to leave works for ever, also after its edition,
its digest or its key's turn to sign is gone; one that shows or erases a person's data works once, for an hour.
"""

from publisher.desk.consent.account import Account, account, erase, export, new_address, prove, proved
from publisher.desk.consent.joining import (
    Join,
    Joined,
    ask,
    back,
    choices,
    chose_nothing,
    offered,
    own_link,
    save,
)
from publisher.desk.consent.links import (
    Standing,
    confirm,
    confirming,
    former,
    leave,
    leave_former,
    leaving,
    preferring,
)

__all__ = [
    "Account",
    "Join",
    "Joined",
    "Standing",
    "account",
    "ask",
    "back",
    "choices",
    "chose_nothing",
    "confirm",
    "confirming",
    "erase",
    "export",
    "former",
    "leave",
    "leave_former",
    "leaving",
    "new_address",
    "offered",
    "own_link",
    "preferring",
    "prove",
    "proved",
    "save",
]
