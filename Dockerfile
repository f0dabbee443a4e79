# The sealed model in, an image that answers with a price out.
#
#   docker build -t house-price-model:local .        (or `houseprice image build`, which checks first and fills the labels)
#
# Another base, or the same one by digest: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:…
# Nothing here asks where Python lies in the base, or needs more than the oldest builder.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# --- base: a stage of its own, so that anybody can ask a builder which layers are the base's -----------------------
FROM ${PYTHON_IMAGE} AS base

# --- libraries: the lock in, a virtual environment out; pip itself stays outside -----------------------------------
FROM base AS libraries
RUN python3 -m venv --without-pip /opt/venv
COPY requirements/serving.txt /tmp/serving.txt
# What answering never loads is left out: tools that make models, a second copy of the engine, tests; the model stage
# below would fail if one of them were needed. Bytecode is never compared with its source: the root is read-only.
RUN python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --disable-pip-version-check \
      --root-user-action=ignore --require-hashes --no-deps --only-binary=:all: --requirement /tmp/serving.txt \
 && find /opt/venv/lib -type d \( -name tests -o -path '*/onnxruntime/transformers' -o -path '*/onnxruntime/tools' \
      -o -path '*/onnxruntime/quantization' \) -prune -exec rm -rf {} + \
 && find /opt/venv/lib -name 'libonnxruntime.so.*' -delete \
 && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

# --- app: the serving side of the package, readable by every user --------------------------------------------------
FROM libraries AS app
COPY src/houseprice /app/houseprice
COPY pyproject.toml /tmp/pyproject.toml
# The metadata gives `houseprice --version`, and scanners, the name and version without an installation.
RUN /opt/venv/bin/python -c 'import pathlib, tomllib; \
p = tomllib.loads(pathlib.Path("/tmp/pyproject.toml").read_text())["project"]; \
d = pathlib.Path("/app/houseprice-%(version)s.dist-info" % p); \
d.mkdir(); \
(d / "METADATA").write_text("Metadata-Version: 2.4\nName: %(name)s\nVersion: %(version)s\nLicense-Expression: %(license)s\n" % p)' \
 && chmod -R u=rwX,go=rX /app \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app/houseprice

# --- model: the sealed folder, every byte checked ------------------------------------------------------------------
FROM app AS model
# Not found? Seal a model first: `make run`, or `houseprice bundle --models-dir models`.
COPY models/bundle /app/models/bundle
RUN chmod -R u=rwX,go=rX /app/models \
 && ORT_DISABLE_TELEMETRY=1 PYTHONPATH=/app /opt/venv/bin/python -c 'import pathlib, sys; \
sys.tracebacklimit = 0; \
from houseprice.bundle.load import open_bundle; \
print("sealed model", open_bundle(pathlib.Path("/app/models/bundle")).manifest.model_version)'

# --- the image -----------------------------------------------------------------------------------------------------
FROM base
# The official onnxruntime sends events to Microsoft unless it is told not to (its Privacy.md); here it is told.
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONPATH=/app \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOUSEPRICE_BUNDLE=/app/models/bundle \
    HOUSEPRICE_HOST=0.0.0.0
WORKDIR /app
COPY --from=libraries /opt/venv /opt/venv
COPY --from=app /app /app
# By number, so that Kubernetes can see that it is not root; it owns nothing here.
USER 10001:10001
# 8000 when no variable says otherwise: HOUSEPRICE_PORT, or a platform's own (docs/api.md); 8080 in SageMaker.
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "houseprice.serving.healthcheck"]
ENTRYPOINT ["python", "-m", "houseprice"]
CMD ["serve"]
# The model is the last layer: another model of the same program moves these few bytes only.
COPY --from=model /app/models/bundle /app/models/bundle

# Labels are no layer. What a plain `docker build` cannot know is said to be unknown; no time, for equal bytes.
ARG PYTHON_IMAGE
ARG REVISION=unknown
ARG SOURCE=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="house-price-model" \
      org.opencontainers.image.description="Answers with the price of a house over HTTP, from a sealed model" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
