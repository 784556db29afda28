"""Subscribers: people's addresses, their consent, and who must not be mailed. Knows nothing of Publisher."""
