"""The HTTP API below /api/v1: subscribers, editions, stories and dispatches, for programs with a token.

Promises: every operation is declared once (`operations.py`), and its route, its checks and its OpenAPI description are made of that; what it does is a function of
the desk, the same that the command line uses. A failure is a problem document (RFC 9457) with a stable `code`. A list is
read in pages by a cursor that neither repeats nor hides a row. Fields are only ever added.
Order of a request: the body within its limit, the token, its scope, the shape of what was sent, the Idempotency-Key, the act.
Refused: a token in the address, a body over 16 kB, fields and parameters that are not declared.
"""

from publisher.web.api.door import PATH, api

__all__ = ["PATH", "api"]
