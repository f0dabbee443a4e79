"""What a sealed folder says about itself: `manifest.json` in, frozen `Manifest` out, and back to the same bytes.

The manifest names every other file of the folder by sha256 and carries a seal over itself, so that one changed byte
anywhere is found. It holds no time and no run number: the same inputs and seed give the same bytes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from houseprice.errors import ArtifactError
from houseprice.schema import Schema

FORMAT = 2
NAME = "manifest.json"
MODEL = "model.onnx"
GOLDEN = "golden.json"
REFERENCE = "reference.json"
SAMPLE = "sample.json"
MODEL_CARD = "model_card.md"
SIMILARITY = "similarity.onnx"
SALES = "sales.npy"
EXPLANATION = "explanation.json"
CONTENT = (MODEL, GOLDEN, REFERENCE, SAMPLE, MODEL_CARD, SIMILARITY, SALES, EXPLANATION)


class Manifest(BaseModel):
    """The sealed model's identity.

    Attributes:
        format: version of this layout; a program refuses a newer one than it knows.
        model_version: short name of this very model, made from the bytes of `model.onnx`.
        project: `name` and `currency`.
        files: name → sha256 of every other file in the folder.
        sources: name → sha256 of the two pickles that it was exported from; they are not in the folder.
        table: sha256 of the feature table that both pickles belong to.
        schema_: the columns, as declared in the configuration (`schema` in the file).
        reference_date: newest sale that was learned from, ISO; a request's valuation date when it gives none.
        fitted_on: `all sales` or `training sales`; the metrics are always of a model fitted on training sales alone.
        functional: `median` or `mean`: what the answered price is of the distribution of prices.
        smearing_factor: mean price divided by median price (Duan 1983); multiplies a median into a mean.
        coverage: share of prices that the interval is made to hold.
        metrics: honest numbers, as in `reports/metrics.json`.
        verdict: name of each gate → `passed`, `found`, `required`.
        hashes: `commit`, and sha256 of `processed`, `config` and `lock`.
        libraries: name → version of what the model was made with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=True)

    format: int = FORMAT
    model_version: str
    project: dict[str, str]
    files: dict[str, str]
    sources: dict[str, str]
    table: str
    schema_: Schema = Field(alias="schema")
    reference_date: str
    fitted_on: str
    functional: str
    smearing_factor: float
    coverage: float
    metrics: dict[str, Any]
    verdict: dict[str, dict[str, Any]]
    hashes: dict[str, str]
    libraries: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether the model was judged, and every gate is green."""
        return bool(self.verdict) and all(gate["passed"] for gate in self.verdict.values())


def sha256(content: bytes) -> str:
    """Return the hexadecimal digest of some bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the hexadecimal digest of a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical(content: Any) -> bytes:
    """Return JSON in the order of the content and a closing newline: one content, one spelling.

    Raises:
        ValueError: the content holds NaN or an infinity, which JSON does not have.
    """
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write(manifest: Manifest) -> bytes:
    """Return the bytes of `manifest.json`, seal included."""
    content = manifest.model_dump(mode="json")
    return canonical({**content, "seal": sha256(canonical(content))})


def read(content: bytes, where: Path) -> Manifest:
    """Return the manifest that `write` wrote.

    Raises:
        ArtifactError: it is not JSON, of a newer format, changed since it was sealed, or lacks a part.
    """
    again = "seal the folder again with `houseprice bundle`."
    try:
        found = json.loads(content)
        spelling = canonical(found)  # fails where JSON would: at NaN, infinities and half characters
    except (ValueError, RecursionError) as err:
        raise ArtifactError(f'"{where}" is not JSON ({err}); expected the manifest of a sealed model; {again}') from err
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise ArtifactError(f'"{where}" names no format; expected a manifest of format {FORMAT}; {again}')
    if found["format"] < FORMAT:
        raise ArtifactError(
            f'"{where}" is of format {found["format"]}; this program reads format {FORMAT}, which also '
            f"holds what prices are explained and compared with; {again}"
        )
    if found["format"] > FORMAT:
        raise ArtifactError(
            f'"{where}" is of format {found["format"]}; this program reads format {FORMAT}; '
            "use a newer release of houseprice."
        )
    seal = found.pop("seal", None)
    if spelling != content or sha256(canonical(found)) != seal:
        raise ArtifactError(f'"{where}" was changed after it was sealed; expected seal "{seal}"; {again}')
    try:
        return Manifest.model_validate(found)
    except ValidationError as err:
        parts = ", ".join(".".join(map(str, item["loc"])) for item in err.errors())
        raise ArtifactError(f'"{where}" does not hold what format {FORMAT} promises (see {parts}); {again}') from err
