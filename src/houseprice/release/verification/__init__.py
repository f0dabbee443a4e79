"""Trust: an image in, what is known of it out, signed, and checked by whoever did not build it."""
