"""The clock's door: what is due is done by itself, with the desk functions that the command line uses.

Promises: one edition for each digest and slot and one dispatch for each edition, however many of these processes share a database, for
the database decides; a step that fails is one line in the log, is tried again at its time, and stops nothing else; SIGTERM and Ctrl-C
end the present step, read the replies that are open (`mail.drain`) and leave nobody in doubt; a second signal drops connections at once.
Order: the clock's thread polls, makes editions and builds feeds, one at a time; the sender's thread opens dispatches and sends, one at a
time; notices, for which somebody waits at a form, leave in a third beside it, and follow-ups of kills in a fourth; the web, if it is wanted, answers in another until all have ended; errands (`errands.py`) have a thread each. `once` does the same in the caller's thread and ends.
Never: an announced failure that ends a thread; a bug that is swallowed: it drains the others, and is raised.
"""

from publisher.daemon.crew import Crew
from publisher.daemon.errands import Errand, errands_of
from publisher.daemon.process import once, run
from publisher.daemon.rounds import ALL, WORKER, WORKERS_THREADS
from publisher.daemon.steps import Done, Steps
from publisher.daemon.telling import line, masked
from publisher.daemon.watching import Watch

__all__ = [
    "ALL",
    "WORKER",
    "WORKERS_THREADS",
    "Crew",
    "Done",
    "Errand",
    "Steps",
    "Watch",
    "errands_of",
    "line",
    "masked",
    "once",
    "run",
]
