"""What was understood of a file: a decision for each column, each with its verdict, reason and proof."""

from dataclasses import dataclass, field
from typing import Literal

from houseprice.conversion import CellForm, Kind

Verdict = Literal["certain", "likely", "ambiguous"]
ORDER: tuple[Verdict, ...] = ("certain", "likely", "ambiguous")


@dataclass(frozen=True)
class Finding:
    """One decision, with the reason in one sentence and the rows that prove it.

    Attributes:
        about: what was decided: kind, form, unit, missing, role, excluded.
        rows: some of the rows that prove it, numbered from 1 after the header; empty when the name proves it.
    """

    about: str
    verdict: Verdict
    reason: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Question:
    """What only a person can tell, with the answers that the file allows.

    Attributes:
        code: stable name of what is ambiguous.
        key: what `--set` has to name to answer it, such as `date_order` or `Price.decimal`.
        answers: answer → what it would mean, with an example of the file.
        column: the column that it is about; "" when it is the whole file.
    """

    code: str
    key: str
    text: str
    answers: dict[str, str]
    column: str = ""
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class ColumnDecision:
    """What a column of the file, or several joined, is taken for.

    Attributes:
        kind: None for a column that is excluded.
        sources: columns of the file that are joined by a space; empty for a column of the file itself.
        excluded: why the column is left out; "" when it is not.
        learn_minimum: below it a value is an error, or no sale at arm's length.
    """

    name: str
    kind: Kind | None = None
    form: CellForm = field(default_factory=CellForm)
    unit: str | None = None
    role: str | None = None
    levels: tuple[int | str, ...] | None = None
    known: Literal["before_sale", "at_sale"] = "before_sale"
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    learn_minimum: float | None = None
    learn_maximum: float | None = None
    sources: tuple[str, ...] = ()
    excluded: str = ""
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The least sure of what was decided."""
        if self.questions:
            return "ambiguous"
        return max((finding.verdict for finding in self.findings), key=ORDER.index, default="certain")


@dataclass(frozen=True)
class Understanding:
    """What was understood of the whole file.

    Attributes:
        columns: a decision for each column of the file, in its order, and then those that are joined of several.
        currency: ISO 4217 code; `schema.NO_CURRENCY` when nothing tells it.
        only: column → its texts of the sales to learn from, where others are in the file.
        max_rejected_share: share of the rows that may be rejected, when blank and token prices need more than usual.
        notes: what concerns the whole file.
        questions: what only a person can tell, of the file and of its columns.
    """

    columns: tuple[ColumnDecision, ...]
    currency: str
    rows: int
    max_rejected_share: float | None = None
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()
