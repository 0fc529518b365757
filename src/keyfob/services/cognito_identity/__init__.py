"""Amazon Cognito identity pools: identities, their roles and tags, their credentials."""

from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.directory import IdentityPoolDirectory, IdentityPoolIssuer
from keyfob.services.cognito_identity.service import OPERATIONS

__all__ = ["OPERATIONS", "CognitoIdentityService", "IdentityPoolDirectory", "IdentityPoolIssuer"]
