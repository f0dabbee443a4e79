"""The HTTP API of a model bundle; imports no pickle, scikit-learn, pandas, polars or MLflow."""
