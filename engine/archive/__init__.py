"""Archives: cases and what they rest on in one file, to be checked without the database.

An archive is lines of canonical JSON, each with its ``kind``:

* ``manifest``, first: the checkpoint that vouches for all of it;
* ``file``, ``pins``, ``definition``, ``list``: what the cases below rest on, each before
  the first case that needs it; definitions and lists with their proof;
* ``case`` with its leaf of the log and the proof of it, then its ``entry`` lines, byte
  for byte as they were stored, and, only where it was asked for, ``value`` lines;
* ``end``, last: how many there are, and a signature over all the lines before it.

Written and read a case at a time: memory does not grow with their number.
"""

from engine.archive.checking import Checked, check
from engine.archive.writing import FORMAT, Selection, write

__all__ = ["FORMAT", "Checked", "Selection", "check", "write"]
