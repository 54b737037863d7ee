"""One database, SQLite or PostgreSQL, and its transactions.

Statements are written with SQLAlchemy Core, compiled once per kind of database and run
on the driver's cursor: Core's own execution costs more than everything else a
command does (``docs/benchmarks.md``). Two kinds of transaction exist: ``reading``
sees one consistent state, ``writing`` is the only one that changes anything.

SQLite has one writer: inside a process a lock hands the turn on without
waiting in the file system, between processes ``BEGIN IMMEDIATE`` does. It runs
in WAL mode with ``synchronous=FULL``: what was acknowledged survives a power cut.
Only a simulation, which has nothing to lose, may do without the wait for the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect as SQLiteDialect  # noqa: N812  it is a class
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.expression import ClauseElement

from engine.errors import Busy
from engine.statements import Moment, Row, Statement, compiled

__all__ = ["BUSY_SECONDS", "TRY_AGAIN", "Database", "Moment", "Row", "Transaction"]

BUSY_SECONDS = 20
TRY_AGAIN = "Try again in a few seconds."
_FULL = {"SQLITE_FULL", "53100"}
"""What the two kinds of database call a full disk."""


class Transaction:
    """Statements on one connection."""

    __slots__ = ("_cursor", "_database")

    def __init__(self, database: Database, cursor: DBAPICursor) -> None:
        self._database = database
        self._cursor = cursor

    def run(self, clause: ClauseElement, values: Mapping[str, Any]) -> int:
        """Execute a statement that writes; return the number of rows it changed."""
        statement = self._database.statement(clause)
        self._cursor.execute(statement.text, statement.bind(values))
        return self._cursor.rowcount

    def run_many(self, clause: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement once per row of values."""
        if not rows:
            return
        if len(rows) == 1:
            self.run(clause, rows[0])
            return
        statement = self._database.statement(clause)
        bound: Any = [statement.bind(row) for row in rows]
        self._cursor.executemany(statement.text, bound)

    def one(self, clause: ClauseElement, values: Mapping[str, Any]) -> Row | None:
        """Return the first row of a query, or None."""
        statement = self._database.statement(clause)
        self._cursor.execute(statement.text, statement.bind(values))
        row = self._cursor.fetchone()
        return None if row is None else statement.read([row])[0]

    def all(self, clause: ClauseElement, values: Mapping[str, Any]) -> list[Row]:
        """Return all rows of a query."""
        statement = self._database.statement(clause)
        self._cursor.execute(statement.text, statement.bind(values))
        return statement.read(self._cursor.fetchall())


class _Thread(threading.local):
    """What one thread has open: its connection, and the transaction it is in."""

    connection: sa.PoolProxiedConnection | None = None
    transaction: Transaction | None = None
    writes: bool = False


class Database:
    """The connections to one database, one for each thread that uses it.

    Args:
        url: SQLAlchemy URL, ``sqlite:///PATH`` or ``postgresql+psycopg://…``.
        durable: True = a commit waits until it is on the disk. False = a power cut may take
            the last commits away, though never the middle of one: for simulations.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (_sqlite if self.is_sqlite else _postgresql)(self.url, durable=durable)
        self._dialect: sa.Dialect = self.engine.dialect
        if self.is_sqlite:
            self._dialect = SQLiteDialect(paramstyle="qmark")
        self._statements: dict[int, Statement] = {}
        self._writer = threading.Lock()
        self._thread = _Thread()
        driver = self.engine.dialect.loaded_dbapi
        self._lost: type[Exception] = driver.OperationalError
        self._refused: type[Exception] = driver.ProgrammingError
        self.conflict: type[Exception] = driver.IntegrityError
        """What the driver raises when a row of that key is there already."""
        self.misfit: type[Exception] = driver.DataError
        """What the driver raises of a value that its column, or Python, cannot hold."""

    def statement(self, clause: ClauseElement) -> Statement:
        """Return ``clause`` compiled for this database; module-level clauses only."""
        known = self._statements.get(id(clause))
        if known is None:
            known = self._statements[id(clause)] = compiled(clause, self._dialect)
        return known

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """See one state of the database and change nothing.

        Inside another transaction of this thread it is that one.
        """
        if self._thread.transaction is not None:
            yield self._thread.transaction
            return
        tx = self._begin("BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            yield tx
        except self._lost as reason:
            self._judge(reason)
            raise
        finally:
            self._end(tx, "ROLLBACK")

    @contextmanager
    def glancing(self) -> Iterator[Transaction]:
        """Read without a transaction: each statement sees what is newest by itself.

        For the one look before a command, whose writing checks that nothing moved.
        """
        if self._thread.transaction is not None:
            yield self._thread.transaction
            return
        tx = None
        try:
            tx = Transaction(self, self._cursor())
            yield tx
        except self._lost as reason:
            self._give_up()
            self._judge(reason)
            raise
        finally:
            if tx is not None:
                _close(tx)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open the transaction that may write; commits at the end, or nothing is changed.

        Raises:
            Busy: another process held the database for longer than 20 seconds, or
                the server is away.
        """
        assert self._thread.transaction is None, "a transaction of this thread is open"
        if not self.is_sqlite:
            yield from self._written("BEGIN")
            return
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise Busy("The database is busy.", hint=TRY_AGAIN)
        try:
            yield from self._written("BEGIN IMMEDIATE")
        finally:
            self._writer.release()

    def _written(self, begin: str) -> Iterator[Transaction]:
        tx = self._begin(begin)
        try:
            yield tx
        except self._lost as reason:
            self._end(tx, "ROLLBACK")
            self._judge(reason)
            raise
        except BaseException:
            self._end(tx, "ROLLBACK")
            raise
        self._end(tx, "COMMIT")

    def _judge(self, reason: Exception) -> None:
        """Raise Busy unless the statement itself is wrong: the disk is full, the server away."""
        if self.is_sqlite and not hasattr(reason, "sqlite_errorname"):
            # Not SQLite has said it, but its driver: a text is no UTF-8.
            return
        if getattr(reason, "sqlite_errorname", None) != "SQLITE_ERROR":
            raise _away(reason) from reason

    def _begin(self, text: str) -> Transaction:
        for attempt in (1, 2):
            try:
                cursor = self._cursor()
                cursor.execute(text)
            except self._lost as reason:
                # A server that was restarted has closed the connection we kept.
                self._give_up()
                if self.is_sqlite or attempt == 2:
                    what = "is busy" if self.is_sqlite else "cannot be reached"
                    raise Busy(f"The database {what}.", hint=TRY_AGAIN) from reason
            else:
                break
        self._thread.transaction = tx = Transaction(self, cursor)
        return tx

    def _end(self, tx: Transaction, text: str) -> None:
        self._thread.transaction = None
        try:
            tx._cursor.execute(text)  # noqa: SLF001  the two are one piece
        except self._lost as reason:
            self._give_up()
            if text == "COMMIT":
                raise _away(reason) from reason
        finally:
            _close(tx)

    def _cursor(self) -> DBAPICursor:
        connection = self._thread.connection
        if connection is None:
            try:
                connection = self._thread.connection = self.engine.raw_connection()
            except sa.exc.OperationalError as reason:
                raise Busy("The database cannot be reached.", hint=TRY_AGAIN) from reason
        return connection.cursor()

    def _give_up(self) -> None:
        connection, self._thread.connection = self._thread.connection, None
        if connection is not None:
            connection.invalidate()

    def settle(self) -> None:
        """Clear what erased rows have left behind in the files.

        SQLite overwrites them; here its write-ahead log is brought into the file.
        PostgreSQL leaves them in their pages, so the table of personal values is
        written anew, which others wait for. Its own write-ahead log is switched and
        checkpointed where the role may; segments that it keeps or archives go with
        the server's own settings.

        Raises:
            Busy: somebody holds the table for longer than 10 seconds.
        """
        if self.is_sqlite:
            with self._writer, self.glancing() as tx:
                tx._cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # noqa: SLF001
            return
        with self.glancing() as tx:
            tx._cursor.execute("SET lock_timeout = '10s'")  # noqa: SLF001
            tx._cursor.execute("VACUUM (FULL) sealed")  # noqa: SLF001
            tx._cursor.execute("RESET lock_timeout")  # noqa: SLF001
        for wish in ("SELECT pg_switch_wal()", "CHECKPOINT"):
            with suppress(self._refused), self.glancing() as tx:
                tx._cursor.execute(wish)  # noqa: SLF001

    def close(self) -> None:
        """Close the connections of this thread and those that no thread uses."""
        connection, self._thread.connection = self._thread.connection, None
        if connection is not None:
            connection.close()
        self.engine.dispose()


def _away(reason: Exception) -> Busy:
    """Return why nothing can be written or read now."""
    full = _FULL & {getattr(reason, one, None) for one in ("sqlite_errorname", "sqlstate")}
    if full:
        return Busy("The disk is full.", hint="Make room where the database lies, then try again.")
    return Busy("The database is away.", hint=TRY_AGAIN)


def _close(tx: Transaction) -> None:
    # Its connection may have been given up, and the cursor with it.
    with suppress(Exception):
        tx._cursor.close()  # noqa: SLF001


def _sqlite(url: sa.URL, *, durable: bool) -> sa.Engine:
    synchronous = "FULL" if durable else "NORMAL"
    engine = sa.create_engine(
        url,
        poolclass=sa.NullPool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # BEGIN and COMMIT are ours; the driver must not add its own.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if not durable:
            # Bringing the log into the file waits for the disk too: every 64 MB, not every 4.
            connection.execute("PRAGMA wal_autocheckpoint=16384")
        # Content that is erased must not stay in free pages of the file.
        connection.execute("PRAGMA secure_delete=ON")

    return engine


def _postgresql(url: sa.URL, *, durable: bool) -> sa.Engine:
    # Each thread keeps its own connection; a pool would run out of them.
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute("SET TIME ZONE 'UTC'")
        if not durable:
            connection.execute("SET synchronous_commit = off")

    return engine
