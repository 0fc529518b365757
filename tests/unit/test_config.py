"""Settings: what is accepted, and the one clear line for what is not."""

import pytest

from keyfob.config import (
    Settings,
    parse_account,
    parse_listener,
    parse_region,
    root_key_from_environment,
)
from keyfob.core.errors import ConfigError


def test_a_listener_names_its_policy_and_has_a_usual_port() -> None:
    listener = parse_listener("tcp://0.0.0.0?policy=Devices")
    assert (listener.host, listener.port, listener.policy) == ("0.0.0.0", 1883, "Devices")
    assert parse_listener("tls://[::1]:9000?policy=p").port == 9000
    assert parse_listener("tls://localhost?policy=p").port == 8883


def test_a_listener_may_choose_its_profile_and_quotas() -> None:
    plain = parse_listener("tcp://localhost?policy=p")
    assert (plain.profile, plain.has_quotas) == (None, False)
    chosen = parse_listener("tcp://localhost?policy=p&profile=oasis&quotas=aws")
    assert (chosen.profile, chosen.has_quotas) == ("oasis", True)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("tcp://localhost?policy=p&profile=mqtt", "a profile is aws or oasis"),
        ("tcp://localhost?policy=p&quotas=some", "quotas are aws or off"),
        ("http://localhost:80?policy=p", "a listener is tcp://"),
        ("tcp://localhost:1883", "name the IoT policy"),
        ("tcp://localhost:1883?policy=", "name the IoT policy"),
        ("tcp://localhost:1883?policy=a&policy=b", "name the IoT policy"),
        ("tcp://localhost:99999?policy=p", "port is not a number"),
        ("tcp://localhost:1883/path?policy=p", "nothing else"),
        ("tcp://user@localhost:1883?policy=p", "nothing else"),
        ("tcp://localhost:1883?policy=p&anonymous=yes", "no listener parameter `anonymous`"),
    ],
)
def test_a_listener_that_says_too_little_or_too_much_is_refused(text: str, because: str) -> None:
    with pytest.raises(ConfigError, match=because):
        parse_listener(text)


@pytest.mark.parametrize("text", ["", "12345678901", "1234567890123", "12345678901a"])
def test_an_account_is_twelve_digits(text: str) -> None:
    with pytest.raises(ConfigError, match="twelve digits"):
        parse_account(text)
    assert parse_account("123456789012") == "123456789012"


@pytest.mark.parametrize("text", ["", "europe", "eu-central", "EU-CENTRAL-1", "eu_central_1"])
def test_a_region_looks_like_one(text: str) -> None:
    with pytest.raises(ConfigError, match="not a region"):
        parse_region(text)
    assert parse_region("us-gov-west-1") == "us-gov-west-1"


def test_the_root_key_is_set_whole_or_not_at_all() -> None:
    assert root_key_from_environment({}) is None
    key = root_key_from_environment(
        {"KEYFOB_ROOT_ACCESS_KEY_ID": "test", "KEYFOB_ROOT_SECRET_ACCESS_KEY": "secret"}
    )
    assert key is not None
    assert key.secret_access_key.reveal() == "secret"
    assert "secret" not in repr(key).replace("secret_access_key", "")
    for half in ("KEYFOB_ROOT_ACCESS_KEY_ID", "KEYFOB_ROOT_SECRET_ACCESS_KEY"):
        with pytest.raises(ConfigError, match="set both"):
            root_key_from_environment({half: "test"})


def test_reasons_go_to_clients_only_where_nobody_else_listens() -> None:
    assert Settings(host="127.0.0.1").explains_to_clients
    assert not Settings(host="0.0.0.0").explains_to_clients
    assert Settings(host="0.0.0.0", explain_to_clients=True).explains_to_clients
    assert not Settings(host="::1", explain_to_clients=False).explains_to_clients
