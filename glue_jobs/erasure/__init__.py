"""Erasure of a data subject from the files of the lake, old versions included."""
