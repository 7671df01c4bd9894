"""What all exporters of flows give, so that a detector of one exporter's flows scores those of another.

``basic-10`` has ten columns: ``proto``, ``service`` (of the server's port), ``duration`` in seconds,
``bytes_out`` and ``bytes_in`` (from the IP header on), ``pkts_out`` and ``pkts_in``, ``state``,
``flags_out`` and ``flags_in``. Out is from who began the flow. Flags are S, F and R, for SYN, FIN and RST:
the ones that every exporter tells. Five more columns are derived. What an exporter does not give is missing,
never 0.
"""

from cfmt.data.basic.columns import BASIC, basic_columns, passed_names
from cfmt.data.basic.exporters import EXPORTERS, Exporter, exporter_named
from cfmt.data.basic.mapping import as_basic

__all__ = ["BASIC", "EXPORTERS", "Exporter", "as_basic", "basic_columns", "exporter_named", "passed_names"]
