"""The authorizer of one MQTT connection: synchronous answers from policies kept in memory.

It satisfies `mqtt.ports.ConnectionAuthorizer` without knowing the broker. Opening one takes a
lease on the policy directory, so that every policy it needs is in memory and kept current;
closing it lets go. Answers are cached per (action, topic) until the directory's epoch moves, and
for at most a second where a policy looks at the clock.

Source: IoT Developer Guide, `iot-policy-actions` (what is checked when) and
`life-cycle-events` (wills, principal identifiers); documented unless marked.
"""

from typing import Protocol

from keyfob.authz.audit import Denial, DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.context import Circumstances, Contexts, Keys, build_contexts, connect_keys
from keyfob.authz.decision import Decision, Question, decide, decide_any
from keyfob.authz.directory import Lease, PolicyDirectory
from keyfob.authz.layers import Layer
from keyfob.authz.principal import FederatedUser, IamUser, Principal, RoleSession, Root
from keyfob.authz.reference import build_reference, read_reference
from keyfob.core.arn import iot_arn
from keyfob.core.clock import Clock
from keyfob.core.ids import Region

MAX_ANSWERS = 1_024
"""Answers kept per connection; when there are more, all are dropped and found anew."""

MAX_KEPT_NAME = 1_024
"""Characters of the longest topic whose answer is kept: four times what AWS allows a topic."""

_SECOND_BITS = 40
"""Room below the directory's epoch for the second, which only clock policies use."""

_UNANSWERED = object()

_CONNECT = "iot:Connect"
_PUBLISH = "iot:Publish"
_RETAIN_PUBLISH = "iot:RetainPublish"
_SUBSCRIBE = "iot:Subscribe"
_RECEIVE = "iot:Receive"


class WillFacts(Protocol):
    """What is needed of a will."""

    @property
    def topic(self) -> str:
        """Topic the will is published to."""
        ...

    @property
    def is_retained(self) -> bool:
        """Whether it is to be retained."""
        ...


async def open_connection(
    authorizer: Authorizer,
    principal: Principal,
    region: Region,
    source_ip: str,
    *,
    is_tls: bool,
    domain_name: str | None = None,
) -> "PolicyConnectionAuthorizer":
    """Load what judges a principal and return its connection's authorizer; close it afterwards.

    Args:
        authorizer: whose directory and denial log to use.
        principal: who authenticated.
        region: region of the endpoint or credential scope; topics are judged as its ARNs.
        source_ip: the peer's address.
        is_tls: whether the connection is encrypted.
        domain_name: host name the client asked for, where known.

    Raises:
        Exception: whatever a policy source raised; the connection must be refused then.
    """
    lease = await authorizer.directory.open_lease(principal, region)
    circumstances = Circumstances(region, source_ip, is_tls, domain_name=domain_name)
    contexts = build_contexts(
        principal, circumstances, has_iot_principal_tags=authorizer.has_iot_principal_tags
    )
    return PolicyConnectionAuthorizer(authorizer, lease, circumstances, contexts)


async def reopen_connection(
    authorizer: Authorizer, reference: bytes, client_id: str
) -> "PolicyConnectionAuthorizer":
    """Open the authorizer of a connection that is over, to judge its will; close it afterwards.

    Raises:
        ValueError: the reference is none.
        Exception: whatever a policy source raised.
    """
    principal, region, source_ip, is_tls = read_reference(reference)
    connection = await open_connection(authorizer, principal, region, source_ip, is_tls=is_tls)
    connection.assume_client_id(client_id)
    return connection


class PolicyConnectionAuthorizer:
    """Judges the packets of one connection."""

    def __init__(
        self,
        authorizer: Authorizer,
        lease: Lease,
        circumstances: Circumstances,
        contexts: Contexts,
    ) -> None:
        """Take over an open lease; `open_connection` is the only caller."""
        self._directory: PolicyDirectory = authorizer.directory
        self._denials: DenialLog = authorizer.denials
        self._clock: Clock = authorizer.clock
        self._lease: Lease | None = lease
        self._principal = lease.principal
        self._principal_arn = lease.principal.arn
        self._arn_prefix = iot_arn(lease.region, lease.principal.account, "")
        self._source_ip = circumstances.source_ip
        self._is_tls = circumstances.is_tls
        self.region = lease.region
        """Region of the endpoint it is connected to."""
        self._base = contexts
        self._contexts = contexts
        self._client_id: str | None = None
        self._policy_epoch = 0
        self._is_volatile = False
        self._epoch = 0
        self._answers: dict[tuple[str, str], Denial | None] = {}
        self._recorded: dict[tuple[str, str], Denial] = {}
        self._layers: dict[str, tuple[Layer, ...]] = {}
        self._reason = ""
        self._freshen()

    # What the broker asks

    @property
    def epoch(self) -> int:
        """The policy epoch, joined with the current second where a policy looks at the clock."""
        if self._directory.epoch != self._policy_epoch or self._is_volatile:
            self._freshen()
        return self._epoch

    @property
    def epoch_source(self) -> PolicyDirectory | None:
        """The directory, while nothing but its epoch moves `epoch`."""
        if self._directory.epoch != self._policy_epoch:
            self._freshen()
        return None if self._is_volatile else self._directory

    def may_connect(self, client_id: str, will: WillFacts | None, *, is_persistent: bool) -> bool:
        """Judge a CONNECT: `iot:Connect` on the client id, then publishing the will.

        The client id stays with the connection: later questions carry it as `iot:ClientId`.
        """
        self.assume_client_id(client_id)
        self._freshen()
        will_arn = None if will is None else f"{self._arn_prefix}topic/{will.topic}"
        keys = connect_keys(client_id, will_arn, is_persistent=is_persistent)
        if self._judge(_CONNECT, client_id, self._base.overlay(iot=keys)) is not None:
            return False
        return will is None or self.may_publish(will.topic, retain=will.is_retained)

    def may_publish(self, topic: str, *, retain: bool) -> bool:
        """Judge a PUBLISH; one to be retained needs `iot:RetainPublish` besides."""
        if not self._may(_PUBLISH, topic):
            return False
        return not retain or self._may(_RETAIN_PUBLISH, topic)

    def may_subscribe(self, topic_filter: str) -> bool:
        """Judge one filter of a SUBSCRIBE; its `+` and `#` are plain characters to a policy."""
        return self._may(_SUBSCRIBE, topic_filter)

    def may_receive(self, topic: str) -> bool:
        """Judge one delivery."""
        return self._may(_RECEIVE, topic)

    def decide(self, action: str, resource: str, keys: Keys) -> Decision:
        """Judge an action on an ARN as it stands now, for whoever wants it explained.

        Nothing is recorded and no answer is kept; `keys` are laid over the connection's own.
        """
        self._freshen()
        contexts = self._contexts.at(self._clock.now()).overlay(iam=keys, iot=keys)
        question = Question(self._principal_arn, action, resource, contexts)
        return decide(self._layers_for(action), question)

    @property
    def principal(self) -> Principal:
        """Whose connection it is."""
        return self._principal

    def reason(self) -> str:
        """Return one sentence on the last refusal; empty when there was none."""
        return self._reason

    @property
    def principal_identifier(self) -> str:
        """What lifecycle events call the principal.

        `<account>/<user id>/<user id>`, the user id being `<role id>:<session>` for roles
        (documented by an example and observed for roles, inferred for users and root).
        """
        principal = self._principal
        if isinstance(principal, Root | IamUser | FederatedUser | RoleSession):
            return f"{principal.account}/{principal.user_id}/{principal.user_id}"
        return principal.arn

    @property
    def reference(self) -> bytes:
        """What `reopen_connection` makes an equal authorizer of."""
        return build_reference(self._principal, self.region, self._source_ip, is_tls=self._is_tls)

    def assume_client_id(self, client_id: str) -> None:
        """Judge as the connection did whose CONNECT was allowed under a client id."""
        self._client_id = client_id
        self._contexts = self._base.overlay(iot={"iot:ClientId": (client_id,)})
        self._answers.clear()

    @property
    def cached_answers(self) -> int:
        """How many answers are kept."""
        return len(self._answers)

    def close(self) -> None:
        """Let go of the policies; from now on everything is refused."""
        if self._lease is None:
            return
        self._directory.close_lease(self._lease)
        self._lease = None
        self._answers.clear()
        self._layers.clear()

    # How it is answered

    def _may(self, action: str, topic: str) -> bool:
        if self._directory.epoch != self._policy_epoch or self._is_volatile:
            self._freshen()
        key = (action, topic)
        denial = self._answers.get(key, _UNANSWERED)
        if denial is None:
            return True
        if isinstance(denial, Denial):
            self._repeat(denial, self._clock.now())
            return False
        answer = self._judge(action, topic, self._contexts)
        if len(topic) <= MAX_KEPT_NAME:
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
                self._recorded.clear()
            self._answers[key] = answer
        return answer is None

    def _freshen(self) -> None:
        """Find the epoch anew, and drop what may no longer hold."""
        policy_epoch = self._directory.epoch
        if policy_epoch != self._policy_epoch:
            self._policy_epoch = policy_epoch
            self._recorded.clear()
            self._layers.clear()
            self._is_volatile = self._lease is not None and self._lease.is_volatile
        epoch = policy_epoch << _SECOND_BITS
        if self._is_volatile:
            epoch |= int(self._clock.now())
        if epoch != self._epoch:
            self._epoch = epoch
            self._answers.clear()

    def _judge(self, action: str, name: str, contexts: Contexts) -> Denial | None:
        """Judge an action on a client id, topic or filter; return the denial, None if allowed."""
        now_s = self._clock.now()
        timed = contexts.at(now_s)
        questions = [
            Question(self._principal_arn, action, self._arn_prefix + resource, timed)
            for resource in _resources(action, name)
        ]
        decision = decide_any(self._layers_for(action), questions)
        if decision.is_allowed:
            return None
        return self._refuse((action, name), decision, now_s)

    def _refuse(self, key: tuple[str, str], decision: Decision, now_s: float) -> Denial:
        """Record a refusal, or count it on the record that the same refusal already has."""
        recorded = self._recorded.get(key)
        judgement = (decision.effect.name, decision.layer_name)
        if recorded is not None and (recorded.effect, recorded.layer) == judgement:
            self._repeat(recorded, now_s)
            return recorded
        denial = self._denials.record(
            decision,
            self._principal,
            now_s=now_s,
            source_ip=self._source_ip,
            client_id=self._client_id,
        )
        if len(key[1]) <= MAX_KEPT_NAME:
            self._recorded[key] = denial
        self._reason = denial.sentence
        return denial

    def _repeat(self, denial: Denial, now_s: float) -> None:
        self._denials.repeat(denial, now_s)
        self._reason = denial.sentence

    def _layers_for(self, action: str) -> tuple[Layer, ...]:
        layers = self._layers.get(action)
        if layers is None:
            layers = () if self._lease is None else self._lease.layers(action)
            self._layers[action] = layers
        return layers


def _resources(action: str, name: str) -> tuple[str, ...]:
    """Return what an action is judged on, as the resource part of an ARN.

    A shared subscription is judged by its full filter and by the filter it shares: policies are
    written either way, and AWS does not say which it compares (inferred). A Deny on either holds.
    """
    if action == _CONNECT:
        return (f"client/{name}",)
    if action != _SUBSCRIBE:
        return (f"topic/{name}",)
    full = f"topicfilter/{name}"
    parts = name.split("/", 2)
    if parts[0] == "$share" and len(parts) == 3:
        return full, f"topicfilter/{parts[2]}"
    return (full,)
