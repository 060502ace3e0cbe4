"""`python -m airground` is the command `airground`."""

from airground.cli import main

if __name__ == "__main__":
    main()
