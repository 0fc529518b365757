"""Calls one operation of a service as the pipeline would, and holds it to the service's model."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Generic, TypeVar

import botocore.loaders
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from keyfob.authz.operation import _AUTHORIZER, AuthorizedRequest, Call, Operation
from keyfob.authz.principal import Principal, Root
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region

ACCOUNT = AccountId("123456789012")
REGION = Region("eu-central-1")
NOW_S = 1_700_000_000.0

ServiceT = TypeVar("ServiceT")

COMMON_CODES = frozenset({"ValidationError", "AccessDenied"})
"""Codes of AWS's common errors, which operations do not list in the model."""


@cache
def load_model(name: str) -> ServiceModel:
    return ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)


class Caller(Generic[ServiceT]):
    """Runs operations; inputs, answers and error codes must fit botocore's model."""

    def __init__(
        self, model_name: str, service: ServiceT, operations: tuple[Operation[ServiceT], ...]
    ) -> None:
        self.model = load_model(model_name)
        self.service = service
        self.rows = {row.name: row for row in operations}
        self.principal: Principal = Root(ACCOUNT)
        self.account = ACCOUNT
        self.region = REGION
        self.now_s = NOW_S

    def make_call(self, name: str, params: Mapping[str, Any]) -> Call:
        return Call(
            service=self.model.service_name,
            operation=name,
            params=params,
            principal=self.principal,
            account=self.account,
            region=self.region,
            request_id="request",
            source_ip="127.0.0.1",
            is_tls=False,
            now_s=self.now_s,
        )

    async def resources(self, name: str, **params: Any) -> tuple[str, ...]:
        return await self.rows[name].resources(self.service, self.make_call(name, params))

    async def context(self, name: str, **params: Any) -> Mapping[str, tuple[str, ...]]:
        return await self.rows[name].context(self.service, self.make_call(name, params))

    async def __call__(self, name: str, **params: Any) -> Mapping[str, Any]:
        operation, row = self.model.operation_model(name), self.rows[name]
        if operation.input_shape is not None:
            report = ParamValidator().validate(params, operation.input_shape)
            assert not report.has_errors(), report.generate_report()
        call = self.make_call(name, params)
        assert await row.resources(self.service, call)
        try:
            answer = await row.handler(self.service, AuthorizedRequest(call, _AUTHORIZER))
        except AwsError as error:
            assert error.code in self._codes(name), f"{name} does not answer {error.code}"
            raise
        if operation.output_shape is None:
            assert answer == {}
        else:
            unknown = set(answer) - set(operation.output_shape.members)
            assert not unknown
            report = ParamValidator().validate(dict(answer), operation.output_shape)
            assert not report.has_errors(), report.generate_report()
        return answer

    def _codes(self, name: str) -> set[str]:
        codes = set(COMMON_CODES)
        for shape in self.model.operation_model(name).error_shapes:
            codes |= {shape.name, shape.error_code}
        return codes
