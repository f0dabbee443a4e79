"""Protocols of other model servers: MLflow, SageMaker, Vertex AI, KServe v1, TensorFlow Serving, Open Inference (v2).

Each module only translates; the rules of `/predict` validate the houses, and the same model answers.
"""

from houseprice.serving.protocols.platforms import add_vertex
from houseprice.serving.protocols.routes import add

__all__ = ["add", "add_vertex"]
