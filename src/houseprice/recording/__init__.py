"""The recorder: a process beside the server that moves predictions from the spool into the database.

It alone speaks with the database, so that whatever happens there costs no answer: it takes prices paid, deletes what
has been stored long enough, and lets a shadow model predict what the live model was asked.
"""
