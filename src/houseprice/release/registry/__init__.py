"""The registry: names and bytes in, a published image out, or one sentence that says why not."""
