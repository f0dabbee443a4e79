"""Revisions of the schema, one module each; what was released is never changed."""
