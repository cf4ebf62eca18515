"""`python -m mibench` is `mibench`."""

from .cli.main import main

if __name__ == "__main__":
    main()
