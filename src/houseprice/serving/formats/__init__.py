"""Batches of houses as JSON, lines of JSON or CSV."""
