"""Requests as other servers' clients write them in, the one scorer's answers out.

`invocations` speaks as MLflow, SageMaker, Vertex AI, TensorFlow Serving and KServe's first protocol do, `inference` as
the Open Inference Protocol; both only translate, and `/predict`'s rules judge.
"""

from houseprice.serving.protocols.platforms import add_vertex
from houseprice.serving.protocols.routes import add

__all__ = ["add", "add_vertex"]
