"""Files of flows in the formats that people hold, told apart by their content, read a chunk at a time.

Importing this package loads numpy and nothing heavier; reading needs polars.
"""

from cfmt.data.readers.detection import detect, read_chunks
from cfmt.data.readers.layout import FORMATS, Chunk, Layout, Needed
from cfmt.data.readers.needed_cells import SoundRows, Texts, Words

__all__ = ["FORMATS", "Chunk", "Layout", "Needed", "SoundRows", "Texts", "Words", "detect", "read_chunks"]
