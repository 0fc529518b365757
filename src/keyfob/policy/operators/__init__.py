"""Condition operators, one module per family; `registry` lists them all."""
