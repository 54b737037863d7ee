"""The truth: histories, the files they rest on, and personal values apart from them."""

from __future__ import annotations

import sqlalchemy as sa

from engine.tables.columns import at, blob, flag, key, number, table, text

entries = table(
    "entries",
    key("stream"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    at("at"),
    text("actor"),
    text("type"),
    blob("body"),
    text("digest"),
)

streams = table(
    # The administrative streams (@deployments, @lists, @identities) and their heads.
    "streams",
    key("id"),
    number("position"),
    text("head"),
    clustered=True,
)

standings = table(
    # Where a long case stood after some of its entries; follows from them, and may be emptied.
    "standings",
    key("case_id"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    text("digest"),
    text("made_by"),
    text("pins"),
    blob("body"),
    blob("data"),
)

blobs = table(
    # Files by their SHA-256: diagrams, forms, decisions, lists.
    "blobs",
    key("sha256"),
    blob("content"),
)

sealed = table(
    # Personal values, by the id that stands in the history. Erased with their salt.
    # ``ballot`` 1: a ballot, which only a tally reads; 2: a draft (``unsent``).
    "sealed",
    key("case_id"),
    key("id"),
    flag("ballot"),
    blob("salt", null=True),
    blob("value", null=True),
    at("erased_at", null=True),
)

sealed_index = table(
    # By which telephone number a sealed value is found: HMAC under ``SEARCH_KEY``. Goes with it.
    "sealed_index",
    key("digest"),
    key("case_id"),
    key("id"),
    sa.Index("ix_sealed_index_case_id_id", "case_id", "id"),
    clustered=True,
)
