"""The pages that answer a reader: joining, confirming, leaving, choosing, and a person's own data. Finished bytes.

PURE. No script, no cookie, nothing loaded from anywhere: one style sheet stands in the page, named by its hash in the policy that goes with it
(`policy`). Every change is a form that POSTs. An address is shown masked, for a link may have been passed on.
"""

from publisher.render.readers.base import House, Offer, dead_page, masked, policy, trouble_page, unknown_page
from publisher.render.readers.choosing import (
    Choices,
    Option,
    account_page,
    address_page,
    done_page,
    preferences_page,
)
from publisher.render.readers.joining import (
    barred_page,
    confirm_page,
    confirmed_page,
    consent,
    join_page,
    leave_page,
    left_page,
    mail_sent_page,
)

__all__ = [
    "Choices",
    "House",
    "Offer",
    "Option",
    "account_page",
    "address_page",
    "barred_page",
    "confirm_page",
    "confirmed_page",
    "consent",
    "dead_page",
    "done_page",
    "join_page",
    "leave_page",
    "left_page",
    "mail_sent_page",
    "masked",
    "policy",
    "preferences_page",
    "trouble_page",
    "unknown_page",
]
