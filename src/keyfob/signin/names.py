"""What the pages call things: how one signs in, attributes, and what a password must be like."""

from dataclasses import dataclass

from keyfob.store.ports.user_pools import PasswordPolicy, UserPoolRecord

_LABELS = {
    "email": "Email",
    "phone_number": "Phone number",
    "birthdate": "Date of birth",
    "given_name": "Given name",
    "family_name": "Family name",
    "middle_name": "Middle name",
    "preferred_username": "Preferred user name",
    "zoneinfo": "Time zone",
}
_FIELDS = {
    "email": ("email", "email"),
    "phone_number": ("tel", "tel"),
    "birthdate": ("date", "bday"),
    "given_name": ("text", "given-name"),
    "family_name": ("text", "family-name"),
    "name": ("text", "name"),
    "nickname": ("text", "nickname"),
    "website": ("url", "url"),
}
"""Input type and `autocomplete` by attribute."""


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a form for one attribute."""

    name: str
    label: str
    kind: str
    autocomplete: str
    is_required: bool
    hint: str = ""


def login_field(pool: UserPoolRecord) -> Field:
    """Return the input for the name that users of a pool sign in with."""
    names = pool.username_attributes
    if names == ("email",):
        return Field("username", "Email", "email", "username", is_required=True)
    if names == ("phone_number",):
        hint = "With country code, for instance +4915112345678"
        return Field("username", "Phone number", "tel", "username", is_required=True, hint=hint)
    label = "Email or phone number" if names else "User name"
    return Field("username", label, "text", "username", is_required=True)


def attribute_field(name: str, *, is_required: bool) -> Field:
    """Return the input for an attribute."""
    label = _LABELS.get(name) or name.removeprefix("custom:").replace("_", " ").capitalize()
    kind, autocomplete = _FIELDS.get(name, ("text", "off"))
    hint = "With country code, for instance +4915112345678" if name == "phone_number" else ""
    return Field(name, label, kind, autocomplete, is_required, hint)


def sign_up_fields(pool: UserPoolRecord) -> tuple[Field, ...]:
    """Return the inputs a new user fills in besides name and password.

    They are what the pool requires, and the addresses that it sends codes to.
    """
    required = [each.name for each in pool.schema if each.is_required and each.name != "sub"]
    verified = pool.auto_verified_attributes
    if len(verified) == 1:
        required += verified  # without it there is nowhere to send the code to
    wanted = dict.fromkeys((*required, *verified))
    if len(pool.username_attributes) == 1:
        wanted.pop(pool.username_attributes[0], None)  # it is the name one signs in with
    return tuple(attribute_field(name, is_required=name in required) for name in wanted)


def password_hint(policy: PasswordPolicy) -> str:
    """Return what a password must be like, as a sentence."""
    kinds = [
        name
        for name, is_required in (
            ("an upper-case letter", policy.requires_uppercase),
            ("a lower-case letter", policy.requires_lowercase),
            ("a digit", policy.requires_numbers),
            ("a symbol", policy.requires_symbols),
        )
        if is_required
    ]
    text = f"At least {policy.minimum_length} characters"
    if not kinds:
        return f"{text}."
    *others, last = kinds
    return f"{text}, with {', '.join(others)} and {last}." if others else f"{text}, with {last}."
