"""Our research: the protocol of docs/results.md, what it runs, and its page. Not part of the package."""
