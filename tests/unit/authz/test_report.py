import msgspec
from tests.unit.authz import actors
from tests.unit.authz.actors import IDENTITY, REGION, ROLE, allow, deny, policy
from tests.unit.authz.sources import NOW_S, Sources, World, generous, identity_policies

from keyfob.authz.context import Circumstances
from keyfob.authz.principal import Principal
from keyfob.authz.report import MAX_NEAREST, Report, build_report

HERE = Circumstances(REGION, "192.0.2.7", is_tls=True)


async def report_on(sources: Sources, principal: Principal, action: str = "iot:Publish") -> Report:
    decision = await World(sources).authorizer.decide(
        principal, action, actors.iot("topic/b/7"), HERE, now_s=NOW_S
    )
    return build_report(decision)


async def test_an_allowed_request_names_what_allows_it_in_every_layer() -> None:
    report = await report_on(generous(), actors.cognito())
    assert (report.effect, report.message) == ("allow", "")
    assert [layer.effect for layer in report.layers] == ["allow"] * len(report.layers)
    by_layer = {layer.layer: layer for layer in report.layers}
    (iot,) = by_layer["IoT policy"].decided_by
    assert (iot.statement, iot.path, iot.effect) == ("wide:v1[0]", "$.Statement[0]", "Allow")
    assert by_layer["IoT policy"].part == "ceiling"
    assert by_layer["IoT policy"].policies == ("wide:v1",)


async def test_an_implicit_deny_lists_the_nearest_statements_in_order() -> None:
    sources = generous()
    sources.iot["wide"] = policy(
        allow("iot:Subscribe"),
        allow("iot:Publish", actors.iot("topic/other"), Condition={"Bool": {"aws:x": "true"}}),
        allow("iot:Publish", actors.iot("topic/b/${aws:PrincipalTag/building}"), Sid="Own"),
    )
    report = await report_on(sources, actors.cognito(tags={"building": "8"}))
    assert (report.effect, report.layer) == ("implicit deny", "IoT policy")
    assert "because no IoT policy allows the iot:Publish action" in report.message
    own, other = next(one for one in report.layers if one.layer == "IoT policy").nearest
    assert own.statement == "wide:v1[Own]"
    assert "b/${aws:PrincipalTag/building}` is `" in own.failed
    assert own.failed.endswith("topic/b/8` here")
    assert other.statement == "wide:v1[1]"
    assert "Bool on aws:x wants `true` where the request has no such key" in other.failed


async def test_statements_about_other_actions_are_told_where_there_is_nothing_nearer() -> None:
    sources = generous()
    sources.roles[ROLE] = identity_policies(policy(allow("s3:*", Sid="S3")))
    report = await report_on(sources, actors.role_session())
    (layer,) = report.layers
    assert [one.statement for one in layer.nearest] == ["p0[S3]"]


async def test_a_deny_is_told_with_its_statement() -> None:
    sources = generous()
    sources.iot["wide"] = policy(allow(), deny("iot:Publish", Sid="Never"))
    report = await report_on(sources, actors.cognito())
    (never,) = next(one for one in report.layers if one.layer == "IoT policy").decided_by
    assert (never.statement, never.effect) == ("wide:v1[Never]", "Deny")
    assert "with an explicit deny in an IoT policy" in report.message


async def test_a_missing_attachment_is_noted() -> None:
    sources = generous()
    sources.attached.clear()
    report = await report_on(sources, actors.cognito())
    note = next(one for one in report.layers if one.layer == "IoT policy").note
    assert note == f"no IoT policy is attached to {IDENTITY}"


async def test_somebody_without_layers_is_told_so() -> None:
    report = await report_on(generous(), actors.anonymous())
    assert (report.effect, report.layer, report.layers) == ("implicit deny", "", ())


async def test_a_report_is_bounded_and_plain_json() -> None:
    sources = generous()
    statements = [allow("iot:Publish", actors.iot(f"topic/{number}")) for number in range(20)]
    sources.roles[ROLE] = identity_policies(policy(*statements))
    report = await report_on(sources, actors.role_session())
    assert len(report.layers[0].nearest) == MAX_NEAREST
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
