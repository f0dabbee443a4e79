"""Explanations of a prediction: Shapley values of its columns, and comparable sales."""
