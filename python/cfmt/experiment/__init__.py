"""Experiments: what a configuration stands for, run, resumed and kept; knows no terminal."""
