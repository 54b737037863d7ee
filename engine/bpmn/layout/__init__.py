"""Pictures for diagrams: BPMN semantic XML in, the same file with BPMN DI out.

Columns are ranks (the longest forward path from a start), bands are lanes, edges
run at right angles through the gaps between columns and rows, back edges below
what they jump over. Boundary events sit on the lower edge of their host. An
expanded sub-process is laid out first and then treated as one wide node; one
with the extension property ``collapsed`` gets a page of its own.
The property ``column`` names a node to stand above or below of, where a step
straight down says as much as one to the right; where it names an earlier column, a
new line begins there: that keeps long diagrams narrow.

The semantic part of the file is kept byte for byte, and a picture that is
already there is replaced, so ``lay_out(lay_out(x)) == lay_out(x)``.

Method: ranks after Sugiyama, Tagawa, Toda (1981); edges are shortest paths on the
grid of gaps, their tracks coloured as intervals, as channel routers do.

Pure: bytes in, bytes out, the same bytes for the same input.
"""

from __future__ import annotations

from engine.bpmn.layout.document import lay_out

__all__ = ["lay_out"]
