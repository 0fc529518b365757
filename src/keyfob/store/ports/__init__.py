"""What services need of the store: a record type and a protocol per aggregate."""
