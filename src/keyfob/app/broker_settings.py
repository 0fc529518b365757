"""The brokers' settings, and those of extra listeners, from what `keyfob up` was asked for."""

from dataclasses import replace

from keyfob.config import BrokerProfile, MqttListener, Settings
from keyfob.mqtt.broker import BrokerSettings, RateQuotas, oasis_settings


def broker_settings(settings: Settings) -> BrokerSettings:
    """Return the settings of every broker, and of the shared port's connections."""
    return _settings(settings, settings.broker_profile, has_quotas=settings.has_broker_quotas)


def listener_settings(settings: Settings, listener: MqttListener) -> BrokerSettings:
    """Return the settings of an extra listener's connections."""
    profile = listener.profile or settings.broker_profile
    return _settings(settings, profile, has_quotas=listener.has_quotas)


def _settings(settings: Settings, profile: BrokerProfile, *, has_quotas: bool) -> BrokerSettings:
    base = BrokerSettings() if profile == "aws" else oasis_settings()
    return replace(
        base,
        explain_to_clients=settings.explains_to_clients,
        quotas=RateQuotas() if has_quotas else None,
    )
