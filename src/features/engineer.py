"""Entry point of `houseprice features`: compute the feature table and fit the preprocessor."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from houseprice.cli import main

if __name__ == "__main__":
    main(["features", *sys.argv[1:]])
