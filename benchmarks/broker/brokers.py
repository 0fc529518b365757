"""The brokers that are measured: each started on free loopback ports, pinned to one core."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from keyfob.core.clock import SystemClock
from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4 import SigningCredentials, presign
from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

HERE = Path(__file__).parent
REGION = "us-east-1"
POLICY = "Bench"
START_TIMEOUT_S = 15.0
ALLOWED = (
    ("iot:Connect", "client/lg-*"),
    ("iot:Publish", "topic/lg/*"),
    ("iot:Receive", "topic/lg/*"),
    ("iot:Subscribe", "topicfilter/lg/*"),
)
ACL = "topic readwrite lg/#\n"
"""What `ALLOWED` grants, as mosquitto says it."""


@dataclass
class Running:
    """A broker that runs, and where each transport is served."""

    name: str
    pid: int
    ports: dict[str, int]
    """By transport: tcp, tls, ws, wss."""
    path: Callable[[], str] = field(default=lambda: "/mqtt")
    """What to ask for when upgrading to a WebSocket."""

    def __post_init__(self) -> None:
        """Stand still until it is measured."""
        os.kill(self.pid, signal.SIGSTOP)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run; all others stand still, so what they still have to do costs it nothing."""
        os.kill(self.pid, signal.SIGCONT)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGSTOP)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Let what is started here run on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} if len(before) > 1 else before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _document(account: str) -> str:
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:iot:{REGION}:{account}:{name}"}
        for action, name in ALLOWED
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@contextmanager
def keyfob(folder: Path) -> Iterator[Running]:
    """Start keyfob; plain clients are held to an IoT policy, WebSocket ones to an IAM user's."""
    port = free_port()
    listener = f"tcp://127.0.0.1:{port}?policy={POLICY}"
    tls_port = free_port()
    tls_listener = f"tls://127.0.0.1:{tls_port}?policy={POLICY}"
    options = ("--listen", listener, "--listen", tls_listener, "--broker-quotas", "off")
    with pinned(0):
        server = ServerProcess(folder / "keyfob", *options).start()
    try:
        clients = Clients(server.endpoints, REGION)
        document = _document(server.endpoints.account_id)
        clients.client("iot").create_policy(policyName=POLICY, policyDocument=document)
        iam = clients.client("iam")
        iam.create_user(UserName="bench")
        iam.put_user_policy(UserName="bench", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="bench")["AccessKey"]
        credentials = SigningCredentials(key["AccessKeyId"], Secret(key["SecretAccessKey"]), None)
        shared = server.endpoints.mqtt_port
        ports = {"tcp": port, "tls": tls_port, "ws": shared, "wss": shared}
        yield Running("keyfob", server.pid, ports, lambda: _signed_path(credentials, shared))
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()


def _signed_path(credentials: SigningCredentials, port: int) -> str:
    unsigned = HttpRequest("GET", "/mqtt", "", (("host", f"localhost:{port}"),), b"", "")
    signed = presign(
        unsigned,
        credentials,
        region=REGION,
        service="iotdevicegateway",
        now_s=SystemClock().now(),
        expires_s=300,
    )
    return f"/mqtt?{signed.query}"


@contextmanager
def mosquitto(folder: Path, *, has_acl: bool = False) -> Iterator[Running]:
    """Start Debian's mosquitto, with the certificate that keyfob made."""
    program = _find("mosquitto")
    port, tls_port = free_port(), free_port()
    certificate = folder / "keyfob/tls/server.pem"
    acl = folder / "acl"
    acl.write_text(ACL)
    acl.chmod(0o600)
    lines = [
        f"user {os.environ.get('USER', 'root')}",
        "log_type none",
        f"persistence_location {folder}/",
        "persistence true",
        "max_inflight_messages 0",
        "max_queued_messages 0",
        f"acl_file {acl}" if has_acl else "",
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        f"listener {tls_port} 127.0.0.1",
        f"certfile {certificate}",
        f"keyfile {certificate}",
    ]
    config = folder / f"mosquitto-{has_acl}.conf"
    config.write_text("\n".join(lines) + "\n")
    name = "mosquitto+acl" if has_acl else "mosquitto"
    ports = {"tcp": port, "tls": tls_port}
    with _running(name, [program, "-c", str(config)], ports) as running:
        yield running


@contextmanager
def nats(folder: Path, program: Path) -> Iterator[Running]:
    """Start nats-server with MQTT and MQTT over WebSocket."""
    ports = {"tcp": free_port(), "ws": free_port()}
    config = folder / "nats.conf"
    config.write_text(
        f"listen: 127.0.0.1:{free_port()}\nserver_name: bench\n"
        f'jetstream {{ store_dir: "{folder}/nats" }}\n'
        f"mqtt {{ listen: 127.0.0.1:{ports['tcp']} }}\n"
        f'websocket {{ listen: "127.0.0.1:{ports["ws"]}", no_tls: true }}\n'
    )
    with _running("nats", [str(program), "-c", str(config)], ports) as running:
        yield running


@contextmanager
def amqtt(folder: Path, program: Path) -> Iterator[Running]:
    """Start amqtt without its plugins but the one that lets everybody in."""
    ports = {"tcp": free_port(), "ws": free_port()}
    config = folder / "amqtt.yaml"
    config.write_text(
        "listeners:\n"
        f"  default: {{type: tcp, bind: '127.0.0.1:{ports['tcp']}', max_connections: 20000}}\n"
        f"  ws: {{type: ws, bind: '127.0.0.1:{ports['ws']}', max_connections: 20000}}\n"
        "plugins:\n  amqtt.plugins.authentication.AnonymousAuthPlugin: {allow_anonymous: true}\n"
    )
    with _running("amqtt", [str(program), "-c", str(config)], ports) as running:
        yield running


@contextmanager
def aedes(folder: Path, modules: Path) -> Iterator[Running]:
    """Start `aedes.cjs` with the packages of `modules`, a folder with node_modules."""
    ports = {"tcp": free_port(), "ws": free_port()}
    script = folder / "aedes.cjs"
    shutil.copy(HERE / "aedes.cjs", script)
    (folder / "node_modules").symlink_to((modules / "node_modules").resolve())
    command = [_find("node"), str(script), str(ports["tcp"]), str(ports["ws"])]
    with _running("aedes", command, ports) as running:
        yield running


@contextmanager
def relay(folder: Path) -> Iterator[Running]:
    """Build and start the bare epoll relay."""
    program = folder / "relay"
    subprocess.run(["cc", "-O2", "-o", program, HERE / "relay.c"], check=True)
    port = free_port()
    with _running("relay", [str(program), str(port)], {"tcp": port}) as running:
        yield running


@contextmanager
def _running(name: str, command: Sequence[str], ports: dict[str, int]) -> Iterator[Running]:
    with pinned(0):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        for port in ports.values():
            _wait_for(process, name, port)
        yield Running(name, process.pid, ports)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], name: str, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{name} does not listen on port {port}")


def _find(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise SystemExit(f"{program} is not installed")
    return found


def start_all(
    stack: ExitStack,
    folder: Path,
    peers: Path | None,
    modules: Path | None,
    *,
    has_others: bool = True,
) -> list[Running]:
    """Start keyfob, mosquitto and, where wanted, the relay and the others that are installed."""
    found = [stack.enter_context(keyfob(folder)), stack.enter_context(mosquitto(folder))]
    if not has_others:
        return found
    found.append(stack.enter_context(mosquitto(folder, has_acl=True)))
    found.append(stack.enter_context(relay(folder)))
    for name, start in (("nats-server", nats), ("amqtt", amqtt)):
        program = None if peers is None else peers / "bin" / name
        if program is not None and program.exists():
            found.append(stack.enter_context(start(folder, program)))
        else:
            print(f"{name} is not installed: left out", file=sys.stderr)
    if modules is not None:
        found.append(stack.enter_context(aedes(folder, modules)))
    return found
