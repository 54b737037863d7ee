"""SpiffWorkflow as the second executor behind the seam.

For people who bring models of SpiffWorkflow, and as a check on the kernel by
something that was not written with it: ``bihuan deploy --executor spiff``.

Its specs are made from our own model, not by its parser (``specs`` says why). Its
runtime keeps the tree of tasks, their states, what gateways take and what a
cancelled activity takes with it (``machine``). Around it, and shared with nobody:
the order of steps (``dispatch``, ``moves``), data per scope and key (``data``),
names, subscriptions, tasks of people, limits, incidents. Timers fire by command
only; every text of a designer goes through ``World``. What it would run wrongly is
built around, or refused at deployment with the element's name (``refusals``).

Same seam, same events, same field names: nothing above ``engine.execution`` knows
which executor ran. The kernel's modules are not used here, so that where the two
agree two programs agree.
"""

from engine.spiff.executor import Spiff
from engine.spiff.limits import SEMANTICS

__all__ = ["SEMANTICS", "Spiff"]
