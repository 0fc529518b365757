from urllib.parse import urlencode

import pytest

from keyfob.core.errors import AwsError
from keyfob.server.explanation import ExplainQuery, read_query


def test_a_question_is_read() -> None:
    context = '{"aws:PrincipalTag/building": ["7", "8"]}'
    query = urlencode({"user": "ann", "action": "iot:Publish", "context": context})
    assert read_query(query) == ExplainQuery(
        user="ann", action="iot:Publish", context={"aws:PrincipalTag/building": ["7", "8"]}
    )


def test_a_client_s_last_denial_needs_no_action() -> None:
    assert read_query("client=me") == ExplainQuery(client="me")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "action=iot:Publish",
        "user=ann",
        "user=ann&role=r&action=iot:Publish",
        "user=ann&action=iot:Publish&color=red",
        "user=ann&action=iot:Publish&context=x",
        "user=ann&action=iot:Publish&context=[]",
        'user=ann&action=iot:Publish&context={"k":"no list"}',
    ],
)
def test_other_questions_are_refused(query: str) -> None:
    with pytest.raises(AwsError) as refused:
        read_query(query)
    assert refused.value.code == "ValidationException"
