"""Slow, obvious numpy oracles of the kernels."""
