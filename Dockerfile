# An example image of one node. No container engine has built it: tests/frame/test_dockerfile.py executes its RUN steps.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ARG SOURCE=/src
ARG PREFIX=/opt/vms
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR ${SOURCE}
COPY . .
# The tools and the console, by the same targets as on any machine.
RUN make setup
RUN .venv/bin/uv build --wheel --no-build-isolation --python .venv/bin/python --out-dir build/wheels
# What runs: locked dependencies and the wheel, nothing of the build.
RUN python3 -m venv ${PREFIX}
RUN .venv/bin/uv pip install --python ${PREFIX}/bin/python --compile-bytecode --require-hashes -r requirements/run.txt
RUN .venv/bin/uv pip install --python ${PREFIX}/bin/python --compile-bytecode --no-deps build/wheels/*.whl
RUN ${PREFIX}/bin/vms --help

FROM ${PYTHON_IMAGE}
ARG PREFIX=/opt/vms
ENV PATH=${PREFIX}/bin:${PATH}
RUN useradd --system --uid 10001 --home-dir /var/lib/vms --create-home vms
COPY --from=build ${PREFIX} ${PREFIX}
USER vms
WORKDIR /var/lib/vms
VOLUME /var/lib/vms
EXPOSE 8000 8554
STOPSIGNAL SIGTERM
ENTRYPOINT ["vms"]
CMD ["serve", "--config", "/etc/vms/vms.toml"]
