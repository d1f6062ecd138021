"""The vocabulary of Lacuna's cells and of plugins in Python."""
