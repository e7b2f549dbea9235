"""What an evaluation leaves: figures, tables, plots and contact sheets."""
