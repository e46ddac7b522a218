"""NineML 1.0: component classes, components and networks as IR."""
