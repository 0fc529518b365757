"""STS's rules: session tags, durations, session policies, trust, session credentials."""
