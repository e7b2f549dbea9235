"""The curation scorer: a small classifier of train styles that says whether a picture shows an effect."""
