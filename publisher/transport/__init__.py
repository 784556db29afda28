"""SMTP by phases: one recipient per transaction, a mark before the dot, and an outcome that is always a value.

aiosmtplib connects (banner, EHLO, TLS, AUTH) and hands its connection over; from then on `wire` reads and writes it, because
only who knows the phase knows what a lost connection means (RFC 5321 section 4.5.3.2, RFC 1047), and only who pairs each
reply with what was asked can believe it: a surplus reply in aiosmtplib's buffer becomes the answer to the next command.
Where PIPELINING is announced an envelope is one journey, and travels with the dot before it; elsewhere each command waits.
Order around the dot: MAIL, RCPT, DATA, 354, the body without its end, `before_dot` (the caller makes its mark durable), the
dot, the reply. A connection sends message after message from call to call, and wakes no task for it as long as all is well. Promises:

- nothing outside this package sees an exception of aiosmtplib, ssl or a socket: what happened is an `Outcome`;
- no AUTH and no message before TLS where TLS is required, and no way back to clear text after it failed;
- a connection is never used again after a time-out, a protocol error, a 421 or a failed RSET;
- a connection that dies before the dot delivered nothing; from the dot on, without a reply, the delivery is in doubt.

A task that waits for the reply to the dot must not be cancelled: `Connection.abort` ends it with an outcome instead.
"""

from publisher.transport.connection import Connection
from publisher.transport.mail import Answer, Mail, at_once
from publisher.transport.options import Envelope, Limits, Rate, RelayOptions
from publisher.transport.relay import Relay

__all__ = ["Answer", "Connection", "Envelope", "Limits", "Mail", "Rate", "Relay", "RelayOptions", "at_once"]
