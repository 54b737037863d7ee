"""Takes the rules of a table from a sheet that an office gives back.

Only the rules of that one table change. Each cell is checked; whatever is wrong is told
with its row and column, as the spreadsheet shows them, and then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine import spreadsheets
from engine.decisions import mending, office
from engine.decisions.cells import Cell
from engine.decisions.checks import check
from engine.decisions.drawn import INPUT, NOTE, SAYS, Drawn, Rule, drawn
from engine.decisions.logic import Constant
from engine.decisions.model import table_of
from engine.decisions.reader import faults, read_files
from engine.decisions.splicing import Wanted, new_keys, with_rules
from engine.decisions.tables import Table
from engine.workbooks import Held

MOST = 100
"""Wrong cells that are told at once."""
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A rule that a sheet asks for.

    Attributes:
        number: of its row in the sheet, as a spreadsheet shows it.
        places: for each column of the table the column of the sheet.
    """

    number: int
    wanted: Wanted
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a sheet: the file, and what is doubtful in the table now and was not."""

    content: bytes
    doubts: tuple[str, ...] = ()


def import_rules(
    files: Mapping[str, bytes], filename: str, decision: str, file: str, content: bytes
) -> Imported:
    """Return a DMN file with the rules of a sheet in place of those of one of its tables.

    Args:
        files: the DMN file and those that it imports, by name.
        filename: which of them is changed.
        decision: the id or name of its decision (or business knowledge model).
        file: the name of the sheet's file, for messages.
        content: its bytes, XLSX or CSV.

    Raises:
        NotFound: there is no such table.
        InvalidList: with one finding for each wrong cell or row.
    """
    table = drawn(files[filename], decision, filename=filename)
    sheet = office.held(file, content, table.holder)
    return _Sheet(table, files, filename, file, sheet).imported()


class _Sheet:
    def __init__(
        self,
        table: Drawn,
        files: Mapping[str, bytes],
        filename: str,
        file: str,
        sheet: Sequence[Sequence[Held]],
    ) -> None:
        self.table, self.files, self.filename, self.file = table, files, filename, file
        self.sheet = sheet
        self.findings: list[spreadsheets.Finding] = []
        models, _ = read_files(files)
        self.model = models.get(filename)
        self.settings = self._settings()

    def imported(self) -> Imported:
        """Return the file with the rules of the sheet."""
        places = self._head()
        self._refuse()
        rows = self._rows(places)
        self._refuse()
        wanted = [one.wanted for one in rows]
        made = with_rules(self.table, wanted, self.files[self.filename])
        self._check(made, rows)
        self._refuse()
        return Imported(made, tuple(self._doubts(made)))

    # -- the head ---------------------------------------------------------------------

    def _head(self) -> tuple[int, ...]:
        """Return for each column of the table where it stands in the sheet."""
        language = self._language()
        expected = office.rows(self.table)[: office.HEAD]
        captions = office.CAPTIONS[language]
        for at, caption in enumerate(captions):
            if at >= len(self.sheet) or _text(self.sheet[at], 0).lower() != caption:
                self._wrong(
                    at, 0, f"here should stand {caption!r}",
                    "Keep the seven head rows as `bihuan table export` writes them.",
                )  # fmt: skip
                return ()
        self._same(0, 1, "hit policy", expected[0][1])
        self._same(0, 3, "decision", self.table.holder)
        kinds = {word: kind for kind, word in office.KINDS[language].items()}
        width = max(len(one) for one in self.sheet[: office.HEAD])
        heads = [
            tuple(_text(self.sheet[at], column) for at in range(1, office.HEAD))
            for column in range(width)
        ]
        places: list[int] = []
        for column in self.table.columns:
            head = (column.kind, column.label, column.name)
            alike = [
                at for at, one in enumerate(heads)
                if at not in places and (kinds.get(one[0], ""), *one[1:3]) == head
            ]  # fmt: skip
            if not alike:
                self._missing(column.kind, column.label or column.name)
                continue
            places.append(alike[0])
            for row, says in enumerate((column.type, column.allowed, column.default), 4):
                self._same(row, alike[0], captions[row], says)
        for at, one in enumerate(heads):
            if at not in (0, *places) and any(one) and len(places) == len(self.table.columns):
                self._wrong(1, at, f"the table has no column {one[1] or one[2]!r}", _RULES_ALONE)
        return tuple(places)

    def _language(self) -> str:
        found = _text(self.sheet[0], 0).lower() if self.sheet else ""
        given = (name for name, words in office.CAPTIONS.items() if words[0] == found)
        return next(given, office.language_of(self.table))

    def _same(self, row: int, column: int, caption: str, expected: str) -> None:
        text = _text(self.sheet[row], column)
        straight = mending.straight(text)
        if expected not in (text, straight) and not _alike(text, expected):
            self._wrong(
                row, column, f"{caption} is {text[:80]!r} where the table has {expected[:80]!r}",
                _RULES_ALONE,
            )  # fmt: skip

    def _missing(self, kind: str, label: str) -> None:
        self._wrong(1, 0, f"the {kind} column {label!r} is missing", _RULES_ALONE)

    # -- the rules --------------------------------------------------------------------

    def _settings(self) -> list[mending.Setting]:
        logic = table_of(self.model, self.table.holder)
        names = frozenset() if logic is None else logic.names()
        found = []
        for number, column in enumerate(self.table.columns):
            kind = ""
            if logic is not None and column.kind == INPUT:
                kind = logic.inputs[column.number].type.kind()
            elif logic is not None and column.kind == "output":
                kind = logic.outputs[column.number].type.kind()
            texts = (one.cells[number].text for one in self.table.rules)
            found.append(mending.setting(column, kind, texts, names))
        return found

    def _rows(self, places: tuple[int, ...]) -> list[Row]:
        given = [
            (number, cells)
            for number, cells in enumerate(self.sheet[office.HEAD :], office.HEAD)
            if any(one.text.strip() for one in cells)
        ]
        were = self._were(given, places)
        keys = new_keys(self.table)
        rows = []
        for number, cells in given:
            was = were.get(number)
            texts = tuple(
                self._cell(number, at, cells, known, None if was is None else was.texts[which])
                for which, (at, known) in enumerate(zip(places, self.settings, strict=True))
            )
            key = next(keys) if was is None else was.key
            rows.append(Row(number, Wanted(key, texts, was), places))
        if not rows:
            self._wrong(office.HEAD, 0, "there are no rules", "Keep at least one row.")
        return rows

    def _were(
        self, given: Sequence[tuple[int, Sequence[Held]]], places: tuple[int, ...]
    ) -> dict[int, Rule]:
        """Return which rule of the file each row is: that of its id, else one just like it."""
        by_key = {one.key: one for one in self.table.rules if one.key}
        texts = {number: tuple(_text(cells, at) for at in places) for number, cells in given}
        found: dict[int, Rule] = {}
        taken: set[int] = set()
        claims: dict[str, list[int]] = {}
        for number, cells in given:
            claims.setdefault(_text(cells, 0), []).append(number)
        for key, numbers in claims.items():
            rule = by_key.get(key)
            if rule is not None:
                # Of rows that were copied with their id, that which has stayed the same.
                same = [one for one in numbers if texts[one] == rule.texts]
                found[(same or numbers)[0]] = rule
                taken.add(rule.start)
        left: dict[tuple[str, ...], list[Rule]] = {}
        for one in reversed(self.table.rules):
            if one.start not in taken:
                left.setdefault(one.texts, []).append(one)
        for number, _ in given:
            if number not in found and left.get(texts[number]):
                found[number] = left[texts[number]].pop()
        return found

    def _cell(
        self, row: int, at: int, cells: Sequence[Held], known: mending.Setting, old: str | None
    ) -> str:
        try:
            return mending.feel_of(cells[at] if at < len(cells) else Held(""), known, old)
        except mending.Mangled as reason:
            self._wrong(row, at, reason.message, reason.hint)
            return old or ""

    # -- what came of it --------------------------------------------------------------

    def _check(self, made: bytes, rows: Sequence[Row]) -> None:
        """Tell each cell that cannot be read, or that says what its column does not allow."""
        files = {**self.files, self.filename: made}
        changed = [(one, self._changed(one)) for one in rows]
        bad: dict[str, tuple[str, str]] = {}
        for fault in faults(files, self.filename):
            if fault.owner == self.table.holder:
                bad.setdefault(fault.text, (fault.message, fault.hint))
        for row, columns in changed:
            for which in columns:
                text = row.wanted.texts[which]
                if text in bad and self.table.columns[which].kind not in (NOTE, SAYS):
                    self._wrong(row.number, row.places[which], *bad[text])
        self._refuse()
        models, _ = read_files(files)
        logic = table_of(models.get(self.filename), self.table.holder)
        if logic is None:
            first = next(iter(bad.values()), ("the table cannot be read", "Check the DMN file."))
            self._wrong(office.HEAD, 0, *first)
            return
        for (row, columns), rule in zip(changed, logic.rules, strict=True):
            for which in columns:
                column = self.table.columns[which]
                if column.kind == INPUT:
                    self._allowed_input(row, which, logic, rule.tests[column.number])
                elif column.kind == "output":
                    self._allowed_output(row, which, logic, rule.cells[column.number])

    def _changed(self, row: Row) -> list[int]:
        was = row.wanted.was
        return [
            at for at, text in enumerate(row.wanted.texts) if was is None or was.texts[at] != text
        ]

    def _allowed_input(self, row: Row, which: int, logic: Table, cell: Cell | None) -> None:
        column = logic.inputs[self.table.columns[which].number]
        if cell is None or not cell.points or cell.spans:
            return
        for kind, value in sorted(cell.points, key=str):
            if value is None:
                continue
            _, reason = column.type.fit(value)
            if reason is None and column.allowed is not None and not column.allowed.admits(value):
                reason = f"it is none of the allowed values {column.allowed.text[:200]}"
            if reason is not None:
                text = row.wanted.texts[which]
                hint = 'Texts stand in quotes ("…"), numbers do not; allowed values are in row 6.'
                self._wrong(row.number, row.places[which], f"{text[:60]}: {reason}", hint)
                del kind
                return

    def _allowed_output(self, row: Row, which: int, logic: Table, cell: object) -> None:
        column = logic.outputs[self.table.columns[which].number]
        if column.allowed is None or not isinstance(cell, Constant) or cell.value is None:
            return
        if not column.allowed.admits(cell.value):
            message = f"{cell.text[:60]} is none of the allowed values {column.allowed.text[:200]}"
            self._wrong(
                row.number, row.places[which], message, "Mend the cell, or allow the value."
            )

    def _doubts(self, made: bytes) -> Iterator[str]:
        """Yield what is doubtful in the table now, and was not before."""
        files = {**self.files, self.filename: made}
        models, _ = read_files(files)
        now = models.get(self.filename)
        known = set() if self.model is None else {one.message for one in check(self.model)}
        for one in [] if now is None else check(now):
            if one.element == self.table.holder and one.message not in known:
                yield one.message

    # -- findings ---------------------------------------------------------------------

    def _wrong(self, row: int, column: int, message: str, hint: str) -> None:
        """Add a finding; rows and columns are counted from 0 here."""
        name = office.of_column(column)
        label = _text(self.sheet[2], column) if len(self.sheet) > 2 and column else ""
        where = f"{name} {label}".strip()
        self.findings.append(spreadsheets.finding(self.file, row + 1, where, message, hint))

    def _refuse(self) -> None:
        if self.findings:
            raise spreadsheets.refuse(self.file, self.findings[:MOST])


_RULES_ALONE = (
    "Importing changes rules alone: change columns in a DMN editor, then export the table again."
)


def _text(cells: Sequence[Held], at: int) -> str:
    return office.plain(cells, at)


def _alike(text: str, expected: str) -> bool:
    """Whether a head cell says the same but for letters and space: COLLECT SUM, "a", "b"."""
    return "".join(text.upper().split()) == "".join(expected.upper().split())
