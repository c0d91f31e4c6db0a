"""Redshift Spectrum: external schemas over the Glue Data Catalog."""
