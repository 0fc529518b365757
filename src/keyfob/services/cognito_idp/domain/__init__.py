"""The rules of user pools, free of storage and transport."""
