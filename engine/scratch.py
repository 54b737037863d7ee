"""A database in memory, with every table and no row: to see what something comes to.

What is written there inside ``reading`` is gone with the end of the block.
"""

from __future__ import annotations

from sqlalchemy.schema import CreateTable

from engine.database import Database
from engine.tables import metadata


class Scratch(Database):
    """Empty tables for the thread that made it; other threads have other ones."""

    def __init__(self) -> None:
        super().__init__("sqlite://")
        with self.writing() as tx:
            for table in metadata.sorted_tables:
                tx.run(CreateTable(table), {})
