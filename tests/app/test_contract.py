"""The OpenAPI document holds: requests made from it are answered as it says, and none brings the server down."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stillyou.app.api.application import create_app
from stillyou.app.service import Limits, Service
from stillyou.editing.editor import Editor
from tests.editing.fakes import RedPipeline

schemathesis = pytest.importorskip("schemathesis")
BOUNDED = settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("app")
    with Service(Editor(RedPipeline(), "fake", lambda rgb: []), Limits(), root=folder) as service:
        yield schemathesis.openapi.from_asgi("/openapi.json", create_app(service, hosts=("testserver",)))


def test_every_route_keeps_its_word(schema) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 9
    checks = schemathesis.checks
    wanted = [checks.not_a_server_error, checks.content_type_conformance, checks.response_schema_conformance]

    @BOUNDED
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        for operation in operations:
            case = data.draw(operation.as_strategy())
            case.headers = {**(case.headers or {}), "Prefer": "wait=5"}
            case.validate_response(case.call(), checks=wanted)

    holds()
