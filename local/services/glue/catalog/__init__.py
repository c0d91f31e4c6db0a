"""The Data Catalog: databases, tables, partitions, with the rules of AWS that moto lacks."""
