"""NESTML models as models of the IR."""
