from keyfob.policy import EMPTY_CONTEXT, RequestContext


def test_keys_have_no_case() -> None:
    context = RequestContext({"aws:PrincipalTag/Team": ["a"]})
    assert context.get("aws:principaltag/team") == ("a",)
    assert "AWS:PRINCIPALTAG/TEAM" in context
    assert "aws:PrincipalTag/other" not in context


def test_a_plain_text_is_one_value() -> None:
    assert RequestContext({"aws:username": "ada"}).get("aws:username") == ("ada",)


def test_overlay_wins_and_the_base_shows_through() -> None:
    base = RequestContext({"aws:username": ["ada"], "aws:SourceIp": ["192.0.2.1"]})
    context = base.overlay({"AWS:username": ["bob"]})
    assert context.get("aws:username") == ("bob",)
    assert context.get("aws:sourceip") == ("192.0.2.1",)
    assert base.get("aws:username") == ("ada",)


def test_overlay_can_hide_a_key() -> None:
    context = RequestContext({"aws:username": ["ada"]}).overlay({"aws:username": []})
    assert context.get("aws:username") is None
    assert list(context) == []


def test_iterates_over_present_keys_once() -> None:
    base = RequestContext({"aws:username": ["ada"], "aws:SourceIp": ["192.0.2.1"]})
    context = base.overlay({"AWS:Username": ["bob"], "iot:ClientId": ["c"]})
    assert list(context) == ["AWS:Username", "iot:ClientId", "aws:SourceIp"]
    assert list(EMPTY_CONTEXT) == []
