"""What stays of a run: its directory, tables, plots and summary. The only package that imports matplotlib."""
