"""Tests of the evidence pack; a package, so that its modules may bear the names of others' modules."""
