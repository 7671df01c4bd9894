"""The engine for a GPU, over torch."""
