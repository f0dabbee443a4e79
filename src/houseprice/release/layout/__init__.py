"""Image layouts: what a builder made in, bytes named by their digests out, the same for the same inputs."""
