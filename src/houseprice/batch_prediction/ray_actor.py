"""A process of a Ray cluster that prices blocks with a model of its own."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from houseprice import ray_cluster
from houseprice.batch_prediction.blocks import Block, Job, PricedBlock
from houseprice.batch_prediction.pricing import Pricer
from houseprice.batch_prediction.workers import ONE_THREAD


class PricingActor:
    """Prices blocks as a worker process does. Exceptions are answers: Ray would make others of them."""

    def __init__(self) -> None:
        os.environ.update(ONE_THREAD)
        self._pricer: Pricer

    def open(self, files: Mapping[str, bytes], version: str, versions: dict[str, str]) -> Exception | None:
        """Open a bundle, so that no storage has to be shared; return why that failed.

        Args:
            files: those of the bundle, by their names.
            version: of the bundle.
            versions: of the machine that gives the work.
        """
        try:
            ray_cluster.check_versions(versions)
            with TemporaryDirectory(prefix="houseprice-") as folder:
                for name, content in files.items():
                    (Path(folder) / name).write_bytes(content)
                self._pricer = Pricer(Path(folder), version)
        except Exception as err:  # noqa: BLE001 - the run raises it
            return err
        return None

    def price(self, job: Job, block: Block) -> PricedBlock | Exception:
        """Return the priced block, or the exception."""
        try:
            return self._pricer.price(job, block)
        except Exception as err:  # noqa: BLE001 - the run raises it
            return err
