"""A table of texts from anywhere → what its columns mean, with verdicts, reasons and proofs → a configuration."""

from houseprice.inference.decisions import ColumnDecision, Finding, Question, Understanding, Verdict
from houseprice.inference.understanding import understand

__all__ = ["ColumnDecision", "Finding", "Question", "Understanding", "Verdict", "understand"]
