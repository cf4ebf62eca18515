"""`python -m mibench` is `mibench`."""

from .cli import main

if __name__ == "__main__":
    main()
