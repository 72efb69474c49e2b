"""`python -m textension_cli`."""

from textension_cli.app import main

if __name__ == "__main__":
    main()
