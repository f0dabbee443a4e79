"""Deployment of verified images to one Docker host behind HAProxy, and rollback."""
