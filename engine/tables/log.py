"""The log of heads that checkpoints sign: rows are added, never changed."""

from __future__ import annotations

import sqlalchemy as sa

from engine.tables.columns import at, number, table, text

leaves = table(
    # What stood where when a checkpoint was made: heads of histories, definitions, lists, keys.
    "leaves",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # from 0
    text("kind"),
    text("name"),
    number("position", null=True),
    text("digest"),
    text("body"),  # canonical JSON, the bytes that are hashed
    sa.Index("ix_leaves_kind_name", "kind", "name", "number"),
    clustered=True,
)

subtrees = table(
    # The hashes of the log's complete subtrees, for its proofs.
    "subtrees",
    sa.Column("level", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("hash"),
    clustered=True,
)

checkpoints = table(
    "checkpoints",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # from 1
    at("at"),
    number("size"),
    text("root"),  # hex
    text("note"),  # the signed text
    clustered=True,
)

stamps = table(
    # What an authority answered when it stamped a checkpoint (RFC 3161).
    "stamps",
    sa.Column("checkpoint", sa.BigInteger, primary_key=True, autoincrement=False),
    text("response"),  # DER as base64
    clustered=True,
)
