"""Tests of the wall; a package, so that its modules may bear the names of others' modules."""
