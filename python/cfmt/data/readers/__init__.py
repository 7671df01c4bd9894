"""Flow tables as exporters write them, told apart by content and read in bounded memory.

Apart from ``data/columns/`` because a reader knows formats, and not what a column is for.
"""

from cfmt.data.readers.layout import FORMATS, Chunk, Layout
from cfmt.data.readers.reading import detect, read_chunks

__all__ = ["FORMATS", "Chunk", "Layout", "detect", "read_chunks"]
