"""The workshop: raw table in, trained and judged model out."""
