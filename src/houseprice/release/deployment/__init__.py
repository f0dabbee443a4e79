"""Operating: a published image in, production out; and the way back."""
