"""Glue job runs: real Spark in the Glue runtime, on a warm JVM, in a process of their own."""
