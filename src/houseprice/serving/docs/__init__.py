"""Documentation of the API for people: Swagger UI at `/docs`, ReDoc at `/redoc`."""
