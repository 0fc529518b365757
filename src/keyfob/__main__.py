"""`python -m keyfob`: the command line."""

from keyfob.cli import main

if __name__ == "__main__":
    main()
