"""Keep-alive arithmetic."""

AWS_MIN_S = 30
AWS_MAX_S = 1200
"""AWS: 0 and more than 1200 become 1200, 1 to 29 become 30. Documented: AWS IoT Core quotas."""


def clamp_for_aws(keep_alive_s: int) -> int:
    """Return the keep-alive AWS uses for the one a client asked for."""
    if not keep_alive_s:
        return AWS_MAX_S
    return min(max(keep_alive_s, AWS_MIN_S), AWS_MAX_S)


def silence_limit_s(keep_alive_s: int) -> float | None:
    """Return how long a client may be silent: one and a half keep-alives [MQTT-3.1.2-22].

    None: for ever, which is what 0 asks for.
    """
    return keep_alive_s * 1.5 if keep_alive_s else None
