"""Executors: how shards of candidates spread over processes."""
