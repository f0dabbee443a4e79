"""A house in, why it has its price and which sold houses are like it out."""
