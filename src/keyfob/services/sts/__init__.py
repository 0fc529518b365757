"""AWS Security Token Service: who am I, assume a role, temporary credentials."""

from keyfob.services.sts.caller_policies import AuthorizedCallerPolicies
from keyfob.services.sts.cognito_tokens import CognitoTokenVerifier
from keyfob.services.sts.credentials import TemporaryCredentials
from keyfob.services.sts.dependencies import StsService
from keyfob.services.sts.domain.sessions import IssuedCredentials, SessionCredentials
from keyfob.services.sts.domain.user_sessions import UserSessionCredentials
from keyfob.services.sts.issuer import RoleSessionIssuer
from keyfob.services.sts.oidc_tokens import WebIdentities
from keyfob.services.sts.service import OPERATIONS

__all__ = [
    "OPERATIONS",
    "AuthorizedCallerPolicies",
    "CognitoTokenVerifier",
    "IssuedCredentials",
    "RoleSessionIssuer",
    "SessionCredentials",
    "StsService",
    "TemporaryCredentials",
    "UserSessionCredentials",
    "WebIdentities",
]
