"""IAM's rules: documents, versions, tags, names; no I/O."""
