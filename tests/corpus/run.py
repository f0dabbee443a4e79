"""Print the table of the corpus: `make corpus`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from corpus.report import main

    sys.exit(main())
