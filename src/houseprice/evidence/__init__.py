"""The evidence pack: what was measured of a model, mapped to what supervisors ask for, in files that prove it.

A pack is a folder: `index.html` for people, `evidence.json` for programs, the files of the model's bundle that hold
what is claimed, and files that were attached. `building` makes it, `pack` reads one that a stranger hands over, and
`replay` checks it: digests, claims, the draw of the random sample, and the model's answers to it.
"""
