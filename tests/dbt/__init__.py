"""The dbt package, over what real loaders left."""
