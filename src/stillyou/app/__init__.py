"""The app: pictures edited by people in a browser and by programs, over one service.

service/   jobs, queue, one model worker, results: knows nothing of the web
api/       FastAPI over the service: /v1, /health, /metrics, /docs, and what keeps others out
page/      the page at /, over the service as well
server     the three put together and listening
"""
