"""Houses in, prices out: pickles and a DataFrame as an MLflow pyfunc; run by itself, it saves that pyfunc.

python bench/peer_servers/of_mlflow.py models/trained FOLDER
python -m mlflow models serve --model-uri FOLDER --env-manager local
"""

import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc  # noqa: TID251 - here MLflow is the peer
import pandas as pd
from pair import Pair


class Prices(mlflow.pyfunc.PythonModel):
    """Prices the rows of a DataFrame."""

    def load_context(self, context: Any) -> None:
        """Load the pair once."""
        self.pair = Pair(Path(context.artifacts["trained"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:  # noqa: ARG002 - MLflow's form
        """Return price and interval of each row."""
        return self.pair.of(model_input)


if __name__ == "__main__":
    mlflow.pyfunc.save_model(
        sys.argv[2],
        python_model=__file__,
        artifacts={"trained": str(Path(sys.argv[1]).resolve())},
        code_paths=[str(Path(__file__).with_name("pair.py"))],
        pip_requirements=[],
    )
else:
    mlflow.models.set_model(Prices())
