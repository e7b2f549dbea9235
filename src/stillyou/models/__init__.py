"""Stored models: found, loaded, placed on a device, verified, made from a base or from the released weights."""
