"""IoT's rules: documents, versions, targets; no I/O."""
