"""Verification of an image: signature, attestations, labels and content, compared with each other."""
