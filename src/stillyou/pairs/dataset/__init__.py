"""The folder of a pair dataset: description, shards, checks, sheets."""
