"""Lets `python -m stillyou` and `accelerate launch -m stillyou` run the command line."""

from stillyou.cli import main

if __name__ == "__main__":
    main()
