"""GenerateCredentialReport and GetCredentialReport."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iam import errors
from keyfob.services.iam.credential_reports import write_report
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.paging import read_all


async def generate_credential_report(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make a report, unless there is one less than four hours old."""
    report = service.reports.get(request.account)
    if report is None or report.is_expired(request.now_s):
        users = await read_all(service.users, request.account)
        report = await write_report(request.account, users, service.key_uses, request.now_s)
        service.reports.put(request.account, report)
    return {"State": "COMPLETE"}


async def get_credential_report(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return the report."""
    report = service.reports.get(request.account)
    if report is None:
        raise errors.report_not_present()
    if report.is_expired(request.now_s):
        raise errors.report_expired()
    return {
        "Content": report.content,
        "ReportFormat": "text/csv",
        "GeneratedTime": report.made_at_s,
    }
