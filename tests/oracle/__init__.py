"""A second interpreter of BPMN 2.0, for tests: slow, direct, and of no use to anybody else.

Written from chapters 10 and 13 of the standard (ISO/IEC 19510:2013). It reads the same
model as the executors and shares nothing else with them: no counters, no tables, no masks.
Whether a scope is over is found by looking whether anything is in it; whether an inclusive
join may go on by walking every path.

**What is compared.** The rows of ``Oracle.trace``, in their exact order: an element is
entered (``in``), left (``out``) or cut off (``cut``), a flow is taken, a completed activity
begins to be undone (``undo``) and is undone (``undone``). Where the standard leaves an order
open, the oracle follows the rules that the kernel documents:

* tokens move first in, first out; conditions whose data were written are asked before the
  next one moves; then inclusive joins, by scope and id; then complex gateways; then one
  message or signal is thrown;
* what is cut off goes from the inside out, by element, visit and instance;
* boundary events wait before what they are attached to begins.
"""

from tests.oracle.machine import Endless, Oracle

__all__ = ["Endless", "Oracle"]
