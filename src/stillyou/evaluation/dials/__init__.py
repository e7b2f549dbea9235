"""Dials of a group of effects, chosen from a measured curve of preservation beside success.

dials     what can be turned, and which settings are tried
choose    the rules: the knee of a curve, or what preserves best at a wanted success
sweep     measures settings, one dial after the other
"""
