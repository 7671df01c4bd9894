"""The protocol: what a configuration stands for, tuned on held-out training rows, run, and kept.

Importing this package does not load torch.
"""
