"""Serves a definition as a component's exports, inside and outside notebooks."""
