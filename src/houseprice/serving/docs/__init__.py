"""The API's documentation for people: one page that needs no other host, rendered from the OpenAPI document."""
