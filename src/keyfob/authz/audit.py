"""The audit of denials: what was refused to whom, and why.

A bounded ring of records, counters, and subscribers with bounded queues. A refusal that a
connection repeats is counted on the record it already has; it is neither judged nor explained
again, so a client that hammers a closed door costs a counter.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.authz.decision import Decision
from keyfob.authz.principal import Principal, RoleSession, SignedInUser
from keyfob.core.ids import AccountId

MAX_RECORDS = 10_000
"""Denials remembered: about a kilobyte each."""

MAX_WAITING = 1_000
"""Denials that may wait for one slow follower; further ones are counted as missed."""

MAX_TEXT = 2_048
"""Characters kept of each text that a client had a hand in: an ARN's limit in IAM."""


@dataclass(slots=True)
class Denial:
    """One refusal, and how often it was repeated."""

    time_s: float
    """When it was first recorded, epoch seconds."""
    last_time_s: float
    """When it was last repeated."""
    account: AccountId
    principal_arn: str
    identity_id: str | None
    """Cognito identity id, for Cognito sessions."""
    username: str | None
    """User pool user name, where the principal tells it."""
    sub: str | None
    """User pool user's `sub`, where the principal tells it."""
    client_id: str | None
    """MQTT client id."""
    source_ip: str
    action: str
    resource: str
    layer: str
    """Deciding layer's name; empty when no layer applies to the principal."""
    effect: str
    """`EXPLICIT_DENY` or `IMPLICIT_DENY`."""
    statements: tuple[str, ...]
    """The deciding statements, or those that came nearest to allowing."""
    variables: Mapping[str, str | None]
    """The condition keys those statements look at; None for one the request does not have."""
    sentence: str
    """Why, in one sentence."""
    count: int = 1


class Follower:
    """A stream of new denials; iterate it with `async for`, inside `async with`."""

    def __init__(self, log: "DenialLog", max_waiting: int) -> None:
        """Made by `DenialLog.follow`."""
        self._log = log
        self._waiting: asyncio.Queue[Denial] = asyncio.Queue(max_waiting)
        self.missed = 0
        """Denials dropped because the follower was too slow."""

    async def __aenter__(self) -> "Follower":
        self._log.add_follower(self)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._log.remove_follower(self)

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> Denial:
        return await self._waiting.get()

    def offer(self, denial: Denial) -> None:
        """Queue a denial, or count it as missed."""
        try:
            self._waiting.put_nowait(denial)
        except asyncio.QueueFull:
            self.missed += 1


class DenialLog:
    """Records denials."""

    def __init__(self, max_records: int = MAX_RECORDS) -> None:
        """Start empty; the oldest records go when there are more than `max_records`."""
        self._ring: deque[Denial] = deque(maxlen=max_records)
        self._followers: set[Follower] = set()
        self._counts: Counter[str] = Counter()

    def record(
        self,
        decision: Decision,
        principal: Principal,
        *,
        now_s: float,
        source_ip: str,
        client_id: str | None = None,
    ) -> Denial:
        """Record a refusal, explain it, and tell the followers.

        Raises:
            ValueError: the decision is no refusal.
        """
        if decision.is_allowed:
            raise ValueError("an allowed decision is no denial")
        username, sub = _user_of(principal)
        explanation = decision.explanation
        denial = Denial(
            time_s=now_s,
            last_time_s=now_s,
            account=principal.account,
            principal_arn=_shown(principal.arn),
            identity_id=_identity_of(principal),
            username=username,
            sub=sub,
            client_id=None if client_id is None else _shown(client_id),
            source_ip=source_ip,
            action=decision.question.action,
            resource=_shown(decision.question.resource),
            layer=decision.layer_name,
            effect=decision.effect.name,
            statements=explanation.statements,
            variables=explanation.variables or {},
            sentence=_shown(explanation.sentence),
        )
        self._ring.append(denial)
        self._counts[denial.action] += 1
        for follower in self._followers:
            follower.offer(denial)
        return denial

    def repeat(self, denial: Denial, now_s: float) -> None:
        """Count a refusal that is the same as one recorded before."""
        denial.count += 1
        denial.last_time_s = now_s
        self._counts[denial.action] += 1

    def recent(self, limit: int | None = None) -> tuple[Denial, ...]:
        """Return the newest records first, at most `limit`."""
        newest = tuple(reversed(self._ring))
        return newest if limit is None else newest[:limit]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many refusals there were by action, repeated ones included."""
        return dict(self._counts)

    def follow(self, max_waiting: int = MAX_WAITING) -> Follower:
        """Return a stream of the denials recorded while it is entered."""
        return Follower(self, max_waiting)

    def add_follower(self, follower: Follower) -> None:
        """Start telling a follower."""
        self._followers.add(follower)

    def remove_follower(self, follower: Follower) -> None:
        """Stop telling a follower."""
        self._followers.discard(follower)


def _shown(text: str) -> str:
    """Return text cut short and with control characters escaped: records end up on terminals."""
    cut = text[:MAX_TEXT]
    if cut.isprintable():
        return cut
    escaped = (one if one.isprintable() else f"\\u{ord(one):04x}" for one in cut)
    return "".join(escaped)[:MAX_TEXT]


def _identity_of(principal: Principal) -> str | None:
    if isinstance(principal, RoleSession) and principal.web_identity is not None:
        identity = principal.web_identity
        return identity.subject if identity.is_cognito else None
    return None


def _user_of(principal: Principal) -> tuple[str | None, str | None]:
    """Return user name and `sub` as far as the principal itself tells them.

    A Cognito session's `amr` ends in `<provider>:CognitoSignIn:<sub>` (observed).
    """
    match principal:
        case SignedInUser(username=username, sub=sub):
            return username, sub
        case RoleSession(web_identity=identity) if identity is not None and identity.is_cognito:
            subs = [part.partition(":CognitoSignIn:")[2] for part in identity.amr]
            return None, next((sub for sub in subs if sub), None)
        case _:
            return None, None
