"""Tests of the dbt package over tables that real loaders wrote."""
