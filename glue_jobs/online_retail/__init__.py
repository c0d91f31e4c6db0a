"""Glue job of the product online_retail."""
