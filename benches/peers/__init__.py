"""Federated training by cfmt and by its peers, side by side on one workload; see ``compare.py``."""
