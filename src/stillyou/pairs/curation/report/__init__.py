"""The report of a curation: one HTML file that opens from disk."""
