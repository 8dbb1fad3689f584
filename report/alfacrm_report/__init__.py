"""A page of charts and tables over the marts of the dbt package `alfacrm`."""
