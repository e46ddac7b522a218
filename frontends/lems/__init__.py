"""LEMS and NeuroML 2: component types, their instances, and networks, as documents of the IR."""
