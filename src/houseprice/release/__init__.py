"""The dock: sealed folder in, tested image out; it needs what serving needs, and a Docker engine."""
