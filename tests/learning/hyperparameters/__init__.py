"""Tests of the workshop; a package, so that its modules may bear the names of others' modules."""
