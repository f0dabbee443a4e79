"""The shop: sealed folder in, answers out. No pickle, scikit-learn, pandas, polars or MLflow in here."""
