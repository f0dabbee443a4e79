"""The start of the server: the bundle is verified, and the model must predict what it predicted when it was built."""

import os
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from houseprice.bundle.golden import OUTPUTS, SERVED_ROUNDING, SERVED_TOLERANCE, largest_difference
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.bundle.verdict import check_verdict
from houseprice.errors import ArtifactError, HousePriceError, ServingError
from houseprice.serving import protocols
from houseprice.serving.app import create_app
from houseprice.serving.prediction import numbers_of
from houseprice.serving.scorer import Scorer
from houseprice.serving.settings import DEFAULT, Settings


def verified_app(directory: Path, settings: Settings) -> FastAPI:
    """Return the application of a bundle whose golden rows were all checked.

    Raises:
        ArtifactError: The bundle is invalid, or its model does not reproduce its golden predictions here.
        GateError: The model failed its gates, and the settings do not allow that.
    """
    bundle = open_bundle(directory)
    check_verdict(bundle.manifest.verdict, directory, allow_failed=settings.allow_red)
    app = create_app(bundle, settings)
    protocols.add_vertex(app, os.environ)
    _check_golden_rows(app.state.scorer, directory)
    return app


def refusal(directory: Path, *, allow_red: bool = False) -> HousePriceError | None:
    """Return why `serve` does not start with a bundle; None when it does, and predicts the held-out sample as stored.

    Whatever goes wrong is such a reason: this is asked of a bundle before anybody relies on it.
    """
    try:
        app = verified_app(directory, replace(DEFAULT, allow_red=allow_red))
        _check_sample(app.state.scorer, open_bundle(directory))
    except HousePriceError as err:
        return err
    except Exception as err:  # noqa: BLE001 - no bundle may pass because it fails in a way that nobody foresaw
        return ServingError(f"The server cannot start ({type(err).__name__}: {err}).", code="start_failed")
    return None


def _check_golden_rows(scorer: Scorer, directory: Path) -> None:
    checks = scorer.check_golden_rows()
    failed = [check for check in checks if not check.passed]
    if failed:
        worst = max(failed, key=lambda check: check.relative_difference)
        raise ArtifactError(
            f'The model in "{directory}" does not reproduce its golden predictions here: {len(failed)} of '
            f"{len(checks)} rows differ, one is {worst.found:.2f} instead of {worst.expected:.2f}. Install the locked "
            "requirements, or build the bundle again with `houseprice bundle`.",
            code="golden_rows_failed",
            failed=len(failed),
            rows=len(checks),
        )


def _check_sample(scorer: Scorer, bundle: Bundle) -> None:
    predictions = scorer.score(scorer.request.validate(bundle.sample["rows"]))
    found = [value for one in predictions for value in numbers_of(one)]
    expected = [answer[name] for answer in bundle.sample["answers"] for name in OUTPUTS]
    difference, place = largest_difference(found, expected, SERVED_ROUNDING)
    if difference > SERVED_TOLERANCE:
        raise ArtifactError(
            f'The model in "{bundle.directory}" predicts {found[place]:.9g} instead of {expected[place]:.9g} for house '
            f"{place // len(OUTPUTS) + 1} of its held-out sample. Build the bundle again with `houseprice bundle`.",
            code="sample_failed",
            row=place // len(OUTPUTS) + 1,
        )
