"""Every setting, as one frozen tree. Environment variables are read here and nowhere else."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
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


BrokerProfile = Literal["aws", "oasis"]
"""Whose rules MQTT connections follow: AWS IoT Core's or the standard's."""


@dataclass(frozen=True, slots=True)
class MqttListener:
    """An extra MQTT listener for clients that are not signed in."""

    scheme: Literal["tcp", "tls"]
    host: str
    port: int
    policy: str
    """IoT policy (in the default account and region) that every client is held to."""
    profile: BrokerProfile | None = None
    """How its clients are spoken to; None: as `Settings.broker_profile` says."""
    has_quotas: bool = False
    """Whether its clients are held to AWS's rates; such a listener has no counterpart in AWS."""

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
    broker_profile: BrokerProfile = "aws"
    """How MQTT clients are spoken to, on the shared port and where a listener does not say."""
    broker_quotas: Literal["aws", "off"] | None = None
    """Whether clients of the shared port are held to AWS's rates; None: in the `aws` profile."""
    mqtt_logs: Literal["off", "failures", "all"] = "failures"
    """Which MQTT events are logged, as lines in the form of AWSIotLogsV2."""
    dev: bool = False
    """Print confirmation codes in the log, and let the admin API move the clock."""

    @property
    def has_broker_quotas(self) -> bool:
        """`broker_quotas`, resolved."""
        if self.broker_quotas is None:
            return self.broker_profile == "aws"
        return self.broker_quotas == "aws"

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
    """Parse `tcp://HOST:PORT?policy=NAME`, with `&profile=aws|oasis` and `&quotas=aws|off`.

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
    unknown = sorted(set(parameters) - {"policy", "profile", "quotas"})
    if unknown:
        raise ConfigError(f"`{text}`: there is no listener parameter `{unknown[0]}`")
    policies = parameters.get("policy", [])
    if len(policies) != 1 or not policies[0]:
        raise ConfigError(f"`{text}`: name the IoT policy its clients are held to, ?policy=NAME")
    profile = parameters.get("profile", [None])[-1]
    if profile not in (None, "aws", "oasis"):
        raise ConfigError(f"`{text}`: a profile is aws or oasis")
    quotas = parameters.get("quotas", ["off"])[-1]
    if quotas not in ("aws", "off"):
        raise ConfigError(f"`{text}`: quotas are aws or off")
    return MqttListener(
        "tcp" if scheme == "tcp" else "tls",
        url.hostname or "127.0.0.1",
        _PLAIN_MQTT_PORTS[scheme] if port is None else port,
        policies[0],
        cast("BrokerProfile | None", profile),
        quotas == "aws",
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
