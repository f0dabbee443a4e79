"""A candidate model: exported, judged, and in a bundle that was started as `serve` does."""

import pickle
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from houseprice.bundle import export
from houseprice.bundle.export import Content
from houseprice.bundle.load import read_manifest
from houseprice.config import Config
from houseprice.learning import bundling, export_gates, leakage
from houseprice.learning.exported_pair import export_pair
from houseprice.learning.model_store import MODEL, PREPROCESSOR
from houseprice.learning.training import PriceModel
from houseprice.learning.verdict import Verdict
from houseprice.serving import startup


@dataclass(frozen=True)
class Candidate:
    """A judged model: its verdict, its pickle, and its bundle, which is empty when there is none."""

    verdict: Verdict
    model: bytes
    content: Content


def build_candidate(
    verdict: Verdict,
    source: leakage.TrainingSource,
    model: PriceModel,
    preprocessor: bytes,
    config: Config,
    pickled: bytes = b"",
) -> Candidate:
    """Export a model, judge the export, and build a bundle that states the verdict and was started as `serve` does.

    `preprocessor` and `pickled` are the pickles of the pair, the latter empty for a model that has none yet.
    """
    exported = export_pair(source.preprocessor, model, source.sales, config, source.sample)
    verdict = verdict.with_gates(*export_gates.check_export(exported, config))
    pickles = [(model.verdict_, pickled)] if pickled else []

    def dump(judged: Verdict) -> bytes:
        model.verdict_ = judged.as_dict(for_manifest=True)
        # The pickle of an unpickled model may have other bytes.
        return next((content for held, content in pickles if held == model.verdict_), pickle.dumps(model, protocol=5))

    def build(judged: Verdict) -> Candidate:
        content = dump(judged)
        sources = {PREPROCESSOR: preprocessor, MODEL: content}
        return Candidate(judged, content, bundling.build_bundle(exported, sources, config))

    if not verdict.is_finite:
        return Candidate(verdict, dump(verdict), {})
    # The last two gates are about the sealed bytes themselves: they are sealed as passed, and looked at afterwards.
    candidate = build(verdict.with_gates(export_gates.check_sealed(Verdict(()), {}), export_gates.check_serving(None)))
    with tempfile.TemporaryDirectory(prefix="houseprice-sealed-") as folder:
        bundle = Path(folder) / "bundle"
        export.write_bundle(candidate.content, bundle)
        stated = export_gates.check_sealed(candidate.verdict, read_manifest(bundle).verdict)
        serving = export_gates.check_serving(startup.refusal(bundle, allow_red=not verdict.passed))
    if stated.passed and serving.passed:
        return candidate
    judged = candidate.verdict.with_gates(stated, serving)
    return build(judged) if stated.passed else replace(candidate, verdict=judged, content={})
