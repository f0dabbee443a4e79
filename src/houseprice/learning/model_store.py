"""The folder of models: the pair and the bundle of the last model that passed, and the last model that failed.

    trained/    preprocessor.pkl and house_price_model.pkl, the pair of the bundle
    bundle/     what `serve` and `image build` take
    accepted/   a copy of that pair's preprocessor
    rejected/   trained/ and bundle/ of the last model that failed a gate, with its metrics, verdict and report

`features` writes its preprocessor into trained/ before its model was judged. When the model fails,
the preprocessor of the bundle is put back there, so that pair and bundle belong together.
"""

import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from houseprice import atomic_io
from houseprice.bundle import export
from houseprice.bundle.load import read_manifest
from houseprice.bundle.manifest import sha256
from houseprice.errors import ArtifactError
from houseprice.learning.features import Preprocessor
from houseprice.learning.training import PriceModel

PREPROCESSOR = "preprocessor.pkl"
MODEL = "house_price_model.pkl"
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class ModelStore:
    """A folder of models."""

    root: Path

    @property
    def trained(self) -> Path:
        """Folder of the pair."""
        return self.root / "trained"

    @property
    def bundle(self) -> Path:
        """Folder of the bundle."""
        return self.root / "bundle"

    @property
    def rejected(self) -> "ModelStore":
        """The last model that failed a gate."""
        return ModelStore(self.root / "rejected")

    def preprocessor(self) -> tuple[Preprocessor, bytes]:
        """Return the preprocessor of the pair, and its pickle.

        Raises:
            ArtifactError: It is missing (code `trained_file_missing`) or unreadable (`trained_file_invalid`).
        """
        return _unpickle(self.trained / PREPROCESSOR, Preprocessor)

    def model(self) -> tuple[PriceModel, bytes]:
        """Return the model of the pair, and its pickle.

        Raises:
            ArtifactError: It is missing (code `trained_file_missing`) or unreadable (`trained_file_invalid`).
        """
        return _unpickle(self.trained / MODEL, PriceModel)

    def preprocessor_of(self, feature_table_sha256: str) -> tuple[Preprocessor, bytes] | None:
        """Return the preprocessor that made a feature table; None when there is no preprocessor.

        Raises:
            ArtifactError: There is one, but of another feature table (code `preprocessor_mismatch`), or it is
                unreadable.
        """
        if not (self.trained / PREPROCESSOR).exists():
            return None
        found = self.preprocessor()
        if found[0].feature_table_sha256_ == feature_table_sha256:
            return found
        with suppress(ArtifactError):
            rejected = self.rejected.preprocessor()
            if rejected[0].feature_table_sha256_ == feature_table_sha256:
                return rejected
        raise ArtifactError(
            f'The preprocessor "{self.trained / PREPROCESSOR}" belongs to another feature table '
            f"({found[0].feature_table_sha256_[:12]}…) than the one to train on ({feature_table_sha256[:12]}…). Run "
            "`houseprice features` again into this folder, or remove the preprocessor to train without a bundle.",
            code="preprocessor_mismatch",
        )

    def accept(self, model: bytes, preprocessor: bytes, content: export.Content) -> None:
        """Store the pair and the bundle of a model that passed; without a bundle, the model alone."""
        pair = {self.trained / MODEL: model}
        if content:
            pair |= dict.fromkeys((self.trained / PREPROCESSOR, self.root / "accepted" / PREPROCESSOR), preprocessor)
        atomic_io.write_atomically(pair)
        if content:
            export.write_bundle(content, self.bundle)

    def reject(
        self, model: bytes, preprocessor: bytes, content: export.Content, documents: Mapping[str, bytes]
    ) -> None:
        """Store a model that failed apart, with documents by name; pair and bundle stay those that passed last."""
        with atomic_io.replace_directory(self.rejected.root) as staging:
            store = ModelStore(staging)
            pair = {store.trained / MODEL: model, store.trained / PREPROCESSOR: preprocessor}
            files = {staging / name: document for name, document in documents.items()}
            atomic_io.write_atomically(files | {path: pickled for path, pickled in pair.items() if pickled})
            if content:
                export.write_bundle(content, store.bundle)
        copy = self.root / "accepted" / PREPROCESSOR
        if not preprocessor or not copy.is_file() or not self.bundle.is_dir():
            return
        accepted = copy.read_bytes()
        try:
            belongs = read_manifest(self.bundle).sources.get(PREPROCESSOR) == sha256(accepted)
        except ArtifactError:
            return  # a bundle that cannot be read says nothing of its pair
        if belongs and accepted != (self.trained / PREPROCESSOR).read_bytes():
            atomic_io.write_atomically({self.trained / PREPROCESSOR: accepted})


def _unpickle(path: Path, kind: type[Kind]) -> tuple[Kind, bytes]:
    again = "Run `make run`, or download the artifacts trained-model and preprocessor of one run."
    try:
        content = path.read_bytes()
        found = pickle.loads(content)  # noqa: S301 - a file that our own training wrote; serving never opens one
    except FileNotFoundError as err:
        raise ArtifactError(f'"{path}" is missing. {again}', code="trained_file_missing", path=str(path)) from err
    except Exception as err:
        raise ArtifactError(
            f'"{path}" cannot be read ({type(err).__name__}: {err}). {again}', code="trained_file_invalid"
        ) from err
    if not isinstance(found, kind):
        raise ArtifactError(
            f'"{path}" holds a {type(found).__name__} instead of a {kind.__name__}. {again}',
            code="trained_file_invalid",
        )
    return found, content
