"""Stands for the bindings that componentize-py makes of the world `cells-plugin`: the types as they are, and a host of lists."""
