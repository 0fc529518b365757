"""Every setting, as one frozen tree. Environment variables are read here and nowhere else."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from keyfob.core.errors import ConfigError
from keyfob.core.ids import AccountId, Region
from keyfob.core.secret import Secret

DEFAULT_DATA_DIRECTORY = Path(".keyfob")
"""Where state is kept unless `--data` says otherwise."""

DEFAULT_REGION = Region("us-east-1")
"""Region of `keyfob env` and of requests that name none."""

DEFAULT_ACCOUNT = AccountId("123456789012")
"""The account of AWS's own documentation examples, so their ARNs work as printed."""

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_PLAIN_MQTT_PORTS = {"tcp": 1883, "tls": 8883}


@dataclass(frozen=True, slots=True)
class MqttListener:
    """An extra MQTT listener for clients that are not signed in."""

    scheme: Literal["tcp", "tls"]
    host: str
    port: int
    policy: str
    """IoT policy (in the default account and region) that every client is held to."""

    @property
    def is_tls(self) -> bool:
        """Whether the listener speaks TLS."""
        return self.scheme == "tls"


@dataclass(frozen=True, slots=True)
class RootKey:
    """The root user's access key."""

    access_key_id: str
    secret_access_key: Secret[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """What `keyfob up` was asked for."""

    data_directory: Path = DEFAULT_DATA_DIRECTORY
    is_in_memory: bool = False
    """Keep no database; the data directory then holds only keys, certificates and endpoints."""
    host: str = "127.0.0.1"
    port: int = 4566
    """0 picks a free one."""
    region: Region = DEFAULT_REGION
    account: AccountId = DEFAULT_ACCOUNT
    listeners: tuple[MqttListener, ...] = ()
    root_key: RootKey | None = None
    """None: the one kept in the data directory, made at first start."""
    durability: Literal["power", "process"] = "power"
    """`power`: fsync before an answer. `process`: survives `kill -9`, not a power cut."""
    iot_policy_principal_tags: bool = True
    """Whether `${aws:PrincipalTag/...}` resolves in IoT policies."""
    explain_to_clients: bool | None = None
    """Whether MQTT 5 reason strings say why; None: only when `host` is a loopback address."""
    dev: bool = False
    """Print confirmation codes in the log, and let the admin API move the clock."""

    @property
    def explains_to_clients(self) -> bool:
        """`explain_to_clients`, resolved."""
        if self.explain_to_clients is not None:
            return self.explain_to_clients
        return self.host in {"127.0.0.1", "::1", "localhost"}


def parse_account(text: str) -> AccountId:
    """Return an account id.

    Raises:
        ConfigError: it is not twelve digits.
    """
    if not _ACCOUNT.fullmatch(text):
        raise ConfigError(f"`{text}` is not an account id: twelve digits are")
    return AccountId(text)


def parse_region(text: str) -> Region:
    """Return a region name.

    Raises:
        ConfigError: it does not look like `eu-central-1`.
    """
    if not _REGION.fullmatch(text):
        raise ConfigError(f"`{text}` is not a region name such as eu-central-1")
    return Region(text)


def parse_listener(text: str) -> MqttListener:
    """Parse `tcp://HOST:PORT?policy=NAME`.

    Raises:
        ConfigError: another scheme, a bad port, no policy, or a parameter that is not known.
    """
    url = urlsplit(text)
    scheme = url.scheme
    if scheme not in ("tcp", "tls"):
        raise ConfigError(f"`{text}`: a listener is tcp://HOST:PORT?policy=NAME or tls://...")
    if url.path or url.fragment or url.username:
        raise ConfigError(f"`{text}`: a listener has a host, a port and a policy, nothing else")
    try:
        port = url.port
    except ValueError:
        raise ConfigError(f"`{text}`: the port is not a number below 65536") from None
    parameters = parse_qs(url.query, keep_blank_values=True)
    unknown = sorted(set(parameters) - {"policy"})
    if unknown:
        raise ConfigError(f"`{text}`: there is no listener parameter `{unknown[0]}`")
    policies = parameters.get("policy", [])
    if len(policies) != 1 or not policies[0]:
        raise ConfigError(f"`{text}`: name the IoT policy its clients are held to, ?policy=NAME")
    return MqttListener(
        "tcp" if scheme == "tcp" else "tls",
        url.hostname or "127.0.0.1",
        _PLAIN_MQTT_PORTS[scheme] if port is None else port,
        policies[0],
    )


def root_key_from_environment(environment: Mapping[str, str] = os.environ) -> RootKey | None:
    """Return the root key that `KEYFOB_ROOT_ACCESS_KEY_ID` and its secret name, if set.

    Raises:
        ConfigError: only one of the two is set, or one is too short to be a key.
    """
    key_id = environment.get("KEYFOB_ROOT_ACCESS_KEY_ID")
    secret = environment.get("KEYFOB_ROOT_SECRET_ACCESS_KEY")
    if key_id is None and secret is None:
        return None
    if not key_id or not secret:
        raise ConfigError(
            "set both KEYFOB_ROOT_ACCESS_KEY_ID and KEYFOB_ROOT_SECRET_ACCESS_KEY, or neither"
        )
    if not re.fullmatch(r"\w{4,128}", key_id):
        raise ConfigError("KEYFOB_ROOT_ACCESS_KEY_ID is not 4 to 128 letters and digits")
    return RootKey(key_id, Secret(secret))
