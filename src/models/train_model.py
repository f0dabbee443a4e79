"""Entry point of `houseprice train`: train, evaluate and track the model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from houseprice.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
