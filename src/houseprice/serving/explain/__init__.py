"""What explains a price: Shapley values, comparable sales with adjustments, its history, and prices over grids."""
