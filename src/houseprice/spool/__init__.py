"""A spool on disk: lines that some processes append, and another one reads later, each line once.

Each writer has a spool of its own in the folder, a sequence of segment files. A line is known by its spool and by its
offset, which counts on from segment to segment, so that a reader which keeps one number a spool knows what it has read.
Nothing is synchronised to the disk: what was appended outlives its process, not the machine.
"""
