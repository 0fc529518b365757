"""Credential reports: who has which access keys, as comma-separated values.

Source of columns and words: IAM User Guide, `id_credentials_getting-report` (documented).
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from keyfob.core.ids import AccountId
from keyfob.services.iam.key_uses import KeyUses
from keyfob.store.ports.iam_users import AccessKeyRecord, AccessKeyUse, UserRecord

LIFETIME_S = 4 * 3_600.0
"""A report is good for four hours; asking again before that does not make a new one."""

_KEYS = (1, 2)

COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(
        f"access_key_{number}_{column}"
        for number in _KEYS
        for column in (
            "active",
            "last_rotated",
            "last_used_date",
            "last_used_region",
            "last_used_service",
        )
    ),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)

_NONE = "N/A"

_NO_PASSWORD = {
    "password_enabled": "false",
    "password_last_used": _NONE,
    "password_last_changed": _NONE,
    "password_next_rotation": _NONE,
    "mfa_active": "false",
    "cert_1_active": "false",
    "cert_1_last_rotated": _NONE,
    "cert_2_active": "false",
    "cert_2_last_rotated": _NONE,
}
"""Nobody here has a password, an MFA device or a signing certificate."""


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """One report."""

    content: bytes
    made_at_s: float

    def is_expired(self, now_s: float) -> bool:
        """Return whether it is too old to be shown."""
        return now_s - self.made_at_s >= LIFETIME_S


class CredentialReports:
    """The latest report of every account; in memory, so a restart asks for a new one."""

    def __init__(self) -> None:
        """Start without reports."""
        self._reports: dict[AccountId, CredentialReport] = {}

    def get(self, account: AccountId) -> CredentialReport | None:
        """Return an account's latest report, be it expired."""
        return self._reports.get(account)

    def put(self, account: AccountId, report: CredentialReport) -> None:
        """Keep an account's latest report."""
        self._reports[account] = report


async def write_report(
    account: AccountId, users: Iterable[UserRecord], uses: KeyUses, now_s: float
) -> CredentialReport:
    """Return a report on the root user and these users."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval=_NONE, lineterminator="\n")
    writer.writeheader()
    writer.writerow(_root_row(account))
    for user in users:
        latest = [await uses.latest(key.access_key_id) for key in user.access_keys]
        writer.writerow(_user_row(user, latest))
    return CredentialReport(text.getvalue().encode(), now_s)


def _root_row(account: AccountId) -> Mapping[str, str]:
    return {
        **_NO_PASSWORD,
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{account}:root",
        "password_enabled": "not_supported",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "access_key_1_active": "true",
        "access_key_2_active": "false",
    }


def _user_row(user: UserRecord, latest: Sequence[AccessKeyUse | None]) -> Mapping[str, str]:
    row = {
        **_NO_PASSWORD,
        "user": user.name,
        "arn": user.arn,
        "user_creation_time": _iso(user.created_at_s),
    }
    for number in _KEYS:
        row[f"access_key_{number}_active"] = "false"
    for number, (key, use) in enumerate(zip(user.access_keys, latest, strict=True), 1):
        row |= _key_columns(number, key, use)
    return row


def _key_columns(number: int, key: AccessKeyRecord, use: AccessKeyUse | None) -> dict[str, str]:
    start = f"access_key_{number}_"
    columns = {
        f"{start}active": "true" if key.status == "Active" else "false",
        f"{start}last_rotated": _iso(key.created_at_s),
    }
    if use is not None:
        columns |= {
            f"{start}last_used_date": _iso(use.used_at_s),
            f"{start}last_used_region": use.region,
            f"{start}last_used_service": use.service,
        }
    return columns


def _iso(moment_s: float) -> str:
    return datetime.fromtimestamp(int(moment_s), UTC).isoformat()
