"""Files of sales as people have them."""
