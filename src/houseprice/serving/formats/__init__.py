"""Batches of houses in, batches of answers out: JSON, lines of JSON, CSV, Parquet and Arrow around one scorer."""
