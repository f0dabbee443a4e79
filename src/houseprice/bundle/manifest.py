"""The manifest of a bundle: identity of the model, and digests of all files.

It names every other file of the folder by sha256 and holds the digest of its own content, so that one changed byte
anywhere is found. It holds no time and no run number: the same inputs and seed give the same bytes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from houseprice.bundle.verdict import failed_gates
from houseprice.errors import ArtifactError
from houseprice.schema import Schema

FORMAT = 6
NAME = "manifest.json"
DIGEST = "manifest_sha256"
"""Key of the digest of all other keys of the manifest."""
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
    """Identity of an exported model.

    Attributes:
        format: version of this layout; a program reads only its own.
        model_version: short name of this model, the beginning of the digest of `model.onnx`.
        project: `name` and `currency`.
        files: name → sha256 of every other file of the bundle.
        sources: name → sha256 of the two pickles that it was exported from; they are not in the bundle.
        feature_table_sha256: sha256 of the feature table that both pickles belong to.
        schema_: the columns, as declared in the configuration (`schema` in the file).
        reference_date: newest training sale, ISO; the valuation date of a request that gives none; None where
            sales have no dates.
        fitted_on: `all sales` or `training sales`; the metrics are always of a model fitted on training sales only.
        functional: `median` or `mean`: which functional of the price distribution is predicted.
        smearing_factor: mean price divided by median price (Duan 1983); multiplies a median into a mean.
        coverage: nominal coverage of the interval.
        max_fsd: forecast standard deviation above which a value is not recommended.
        metrics: as in `reports/metrics.json`.
        verdict: name of each gate → `passed`, `found`, `required`.
        hashes: `commit`, and sha256 of `processed`, `config` and `lock`.
        libraries: name → version that the model was trained with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=True)

    format: int = FORMAT
    model_version: str
    project: dict[str, str]
    files: dict[str, str]
    sources: dict[str, str]
    feature_table_sha256: str
    schema_: Schema = Field(alias="schema")
    reference_date: str | None
    fitted_on: str
    functional: str
    smearing_factor: float
    coverage: float
    max_fsd: float
    metrics: dict[str, Any]
    verdict: dict[str, dict[str, Any]]
    hashes: dict[str, str]
    libraries: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether there is a verdict, and every gate passed."""
        return not failed_gates(self.verdict)

    @property
    def digest(self) -> str:
        """The sha256 that the file holds of all its other keys."""
        return sha256(canonical(self.model_dump(mode="json")))


def sha256(content: bytes) -> str:
    """Return the hexadecimal digest of some bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the hexadecimal digest of a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical(content: Any) -> bytes:
    """Return canonical JSON: keys in the order of the content, one spelling, and a final newline.

    Raises:
        ValueError: The content holds NaN or an infinity, which JSON does not have.
    """
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write(manifest: Manifest) -> bytes:
    """Return the bytes of `manifest.json`, its own digest included."""
    return canonical({**manifest.model_dump(mode="json"), DIGEST: manifest.digest})


def read(content: bytes, where: Path) -> Manifest:
    """Return the manifest that `write` wrote.

    Raises:
        ArtifactError: It is not JSON (code `manifest_not_json`), names no format (`manifest_without_format`) or another
            one (`manifest_format_older`, `manifest_format_newer`), was changed (`manifest_changed`), or lacks a part
            (`manifest_invalid`, details `keys`).
    """
    again = "Export the model again with `houseprice bundle`."
    try:
        values = json.loads(content)
        spelling = canonical(values)  # fails where JSON would: at NaN, infinities and lone surrogates
    except (ValueError, RecursionError) as err:
        raise ArtifactError(f'The manifest "{where}" is not JSON ({err}). {again}', code="manifest_not_json") from err
    if not isinstance(values, dict) or not isinstance(values.get("format"), int):
        raise ArtifactError(f'The manifest "{where}" names no format. {again}', code="manifest_without_format")
    if (version := values["format"]) != FORMAT:
        older = version < FORMAT
        raise ArtifactError(
            f'The manifest "{where}" has format {version}, but this program reads format {FORMAT}. '
            + (again if older else "Use a newer release of houseprice."),
            code="manifest_format_older" if older else "manifest_format_newer",
        )
    digest = values.pop(DIGEST, None)
    if spelling != content or sha256(canonical(values)) != digest:
        raise ArtifactError(
            f'The manifest "{where}" was changed after it was written. {again}', code="manifest_changed"
        )
    try:
        return Manifest.model_validate(values)
    except ValidationError as err:
        keys = [".".join(map(str, item["loc"])) for item in err.errors()]
        raise ArtifactError(
            f'The manifest "{where}" is invalid for format {FORMAT} (see {", ".join(keys)}). {again}',
            code="manifest_invalid",
            keys=keys,
        ) from err
