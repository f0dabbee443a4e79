"""Entry point of `houseprice process`: clean the raw sales."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from houseprice.cli import main

if __name__ == "__main__":
    main(["process", *sys.argv[1:]])
