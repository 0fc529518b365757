"""The play: set up, sign in, exchange, attach, connect, and try everything on both buildings."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from keyfob.cli.demo.device import Answer, Device
from keyfob.cli.demo.person import Credentials, Person, attach_policy
from keyfob.store.data_directory import Endpoints
from keyfob.testing.article import (
    Article,
    Clients,
    add_user,
    build_article,
    building_policy,
    with_attach_permission,
)
from keyfob.testing.process import ServerProcess

REGION = "eu-central-1"
"""The region of the article's ARNs."""

PEOPLE = (Person("alice", "Correct-Horse-1", "1"), Person("bob", "Battery-Staple-2", "2"))
BUILDINGS = ("1", "2")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing a person tried."""

    person: Person
    action: str
    building: str
    answer: Answer

    def __str__(self) -> str:
        return f"{self.person.name}: {self.action} in building {self.building}"

    @property
    def is_as_expected(self) -> bool:
        """Whether it was allowed exactly if the building is the person's own."""
        return self.answer.is_allowed == (self.building == self.person.building)


def play() -> bool:
    """Run the demonstration; return whether every expectation held."""
    console = Console(highlight=False)
    with (
        tempfile.TemporaryDirectory(prefix="keyfob-demo-") as directory,
        ServerProcess(Path(directory) / "data") as server,
    ):
        _step(console, f"keyfob is up on {server.endpoints.endpoint_url}")
        attempts = _perform(console, server.endpoints)
    console.print()
    console.print(_table(attempts))
    console.print("\n[bold]Why not[/]")
    for attempt in attempts:
        if not attempt.answer.is_allowed:
            console.print(f"[red]{attempt}[/]")
            console.print(Padding(attempt.answer.reason, (0, 0, 0, 2)))
    return _conclude(console, attempts)


def _conclude(console: Console, attempts: list[Attempt]) -> bool:
    """Say whether everything went as it should, and what did not."""
    unexpected = [attempt for attempt in attempts if not attempt.is_as_expected]
    for attempt in unexpected:
        allowed = "was" if attempt.answer.is_allowed else "was not"
        console.print(f"[bold red]unexpected:[/] {attempt} {allowed} allowed")
    if not unexpected:
        console.print("\n[bold green]Everyone was held to their own building.[/]")
    return not unexpected


def _perform(console: Console, endpoints: Endpoints) -> list[Attempt]:
    clients = Clients(endpoints, REGION)
    account = endpoints.account_id
    policy = building_policy(REGION, account)
    article = build_article(clients, account, with_attach_permission(policy), policy)
    _step(console, f"user pool {article.user_pool_id}, custom attribute buildingId")
    _step(console, f"identity pool {article.identity_pool_id}, building_id <- custom:buildingId")
    _step(console, f"role {article.role_arn}, trusted with sts:TagSession")
    for person in PEOPLE:
        add_user(clients, article, person.name, person.password, person.building)
    credentials = {p.name: _enter(console, endpoints, clients, article, p) for p in PEOPLE}
    with _devices(endpoints, credentials) as devices:
        _step(console, "both connected by MQTT 5 over a SigV4-signed WebSocket (wss)")
        return _try_everything(devices)


def _enter(
    console: Console, endpoints: Endpoints, clients: Clients, article: Article, person: Person
) -> Credentials:
    """Sign one person in, up to the attached policy."""
    token = person.sign_in(clients, article)
    credentials = person.exchange(clients, article, token)
    attach_policy(endpoints, REGION, credentials)
    _step(
        console,
        f"{person.name} of building {person.building} signed in with SRP, exchanged the token and "
        f"attached the policy: {credentials.identity_id}",
    )
    return credentials


@contextmanager
def _devices(
    endpoints: Endpoints, credentials: dict[str, Credentials]
) -> Iterator[dict[str, Device]]:
    """Connect everyone; disconnect when the block ends."""
    with ExitStack() as stack:
        devices: dict[str, Device] = {}
        for name, theirs in credentials.items():
            device = Device(endpoints, REGION, f"{name}-phone", theirs)
            answer = device.connect()
            if not answer.is_allowed:
                raise RuntimeError(f"{name} could not connect: {answer.reason}")
            stack.callback(device.close)
            devices[name] = device
        yield devices


def _try_everything(devices: dict[str, Device]) -> list[Attempt]:
    attempts: list[Attempt] = []
    for person in PEOPLE:
        for building in BUILDINGS:
            answer = devices[person.name].subscribe(f"building/{building}/#")
            attempts.append(Attempt(person, "subscribe", building, answer))
    for person in PEOPLE:
        for building in BUILDINGS:
            payload = f"{person.name} in {building}"
            answer = devices[person.name].publish(f"building/{building}/light", payload)
            attempts.append(Attempt(person, "publish", building, answer))
    return attempts + [
        _receive(devices, person, building) for person in PEOPLE for building in BUILDINGS
    ]


def _receive(devices: dict[str, Device], person: Person, building: str) -> Attempt:
    """See whether what is published in a building, by who may, reaches the person."""
    publisher = next(other for other in PEOPLE if other.building == building)
    payload = f"for {person.name} from building {building}"
    devices[publisher.name].publish(f"building/{building}/light", payload)
    is_own = building == person.building
    arrived = devices[person.name].received(payload, timeout_s=3.0 if is_own else 0.3)
    reason = "" if arrived else f"what {publisher.name} published there did not arrive"
    return Attempt(person, "receive", building, Answer(arrived, reason))


def _table(attempts: list[Attempt]) -> Table:
    table = Table(title="Who could do what, where")
    table.add_column("who")
    table.add_column("action")
    for building in BUILDINGS:
        table.add_column(f"building {building}")
    outcomes = {
        (attempt.person.name, attempt.action, attempt.building): attempt for attempt in attempts
    }
    for person in PEOPLE:
        for action in ("subscribe", "publish", "receive"):
            cells = [
                "[green]yes[/]"
                if outcomes[person.name, action, b].answer.is_allowed
                else "[red]no[/]"
                for b in BUILDINGS
            ]
            table.add_row(f"{person.name} (building {person.building})", action, *cells)
    return table


def _step(console: Console, text: str) -> None:
    console.print(f"[green]✓[/] {text}", soft_wrap=True)
