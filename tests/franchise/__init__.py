"""Many schools, loaded by the executors of Airflow and Dagster."""
