"""`python -m houseprice` is `houseprice`."""

from houseprice.cli import main

if __name__ == "__main__":
    main()
