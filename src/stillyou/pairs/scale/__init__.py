"""Runs the shards of a dataset: what a shard is made from, and executors of one signature.

work     a shard, what makes it, and the signature of an executor
local    processes of this machine
cluster  actors on a Ray cluster
"""
