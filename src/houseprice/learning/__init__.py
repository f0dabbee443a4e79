"""Training: from the raw table to a trained model, its evaluation, its verdict and its bundle."""
