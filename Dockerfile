# The page and the API in an image of their own: docker build -t stillyou . && docker run --rm -p 7860:7860 stillyou
# The model is inside the package; nothing is fetched when it runs.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
# --build-arg TORCH_INDEX=... names PyTorch's own index of wheels for the CPU alone, which makes the image much smaller.
ARG TORCH_INDEX=
RUN python -m venv /opt/stillyou \
 && /opt/stillyou/bin/pip install --no-cache-dir --constraint constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} '.[app]'

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 stillyou
COPY --from=build /opt/stillyou /opt/stillyou
ENV PATH=/opt/stillyou/bin:$PATH PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1
USER stillyou
WORKDIR /home/stillyou
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/health', timeout=4)"]
ENTRYPOINT ["stillyou", "app", "--host", "0.0.0.0"]
