"""Build, test, publish, verify and deploy the Docker image of a model bundle."""
