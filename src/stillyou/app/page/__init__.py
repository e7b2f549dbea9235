"""The page at /: one HTML file, its style sheets and ES modules, served as they are.

There is no framework and no build step, and nothing is fetched from elsewhere. What the page does goes through the API
under /v1; beside its own files only `own` is here: art of one's own, tried on at once (docs/reference/page.md).
"""
