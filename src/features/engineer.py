"""Door of `houseprice features`: trusted sales in, feature table and fitted preprocessor out."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from houseprice.cli import main

if __name__ == "__main__":
    main(["features", *sys.argv[1:]])
