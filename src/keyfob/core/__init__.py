"""Values everyone may use: time, ids, ARNs, errors, limits. No I/O."""
