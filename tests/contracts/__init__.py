"""Tests of the data contracts and their compiler, in the Airflow runtime."""
