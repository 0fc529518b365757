"""Condition keys that no service owns, and the variables of IoT policies.

Source: IAM User Guide, "AWS global condition context keys"; IoT Developer Guide,
`basic-policy-variables`, `thing-policy-variables`, `cert-policy-variables`, `connect-policy`
(documented). All names are in lower case.
"""

import re

COGNITO = "cognito-identity.amazonaws.com"
COGNITO_KEYS = frozenset(f"{COGNITO}:{name}" for name in ("aud", "amr", "sub"))

GLOBAL_KEYS = frozenset(
    f"aws:{name}"
    for name in (
        *("principalarn", "principalaccount", "principalorgpaths", "principalorgid"),
        *("principalisawsservice", "principalservicename", "principalservicenameslist"),
        *("principaltype", "userid", "username", "assumedroot", "federatedprovider"),
        *("tokenissuetime", "multifactorauthage", "multifactorauthpresent", "sourceidentity"),
        *("chatbotsourcearn", "ec2instancesourcevpc", "ec2instancesourceprivateipv4"),
        *("sourceip", "sourcevpc", "sourcevpcarn", "sourcevpce", "vpcesourceip"),
        *("vpceaccount", "vpceorgid", "vpceorgpaths", "resourceaccount", "resourceorgid"),
        *("resourceorgpaths", "calledvia", "calledviafirst", "calledvialast", "viaawsservice"),
        *("calledviaawsmcp", "viaawsmcpservice", "currenttime", "epochtime", "referer"),
        *("requestedregion", "tagkeys", "securetransport", "sourceaccount", "sourcearn"),
        *("sourceorgid", "sourceorgpaths", "useragent", "isnonconsoleaccess"),
        *("signinsessionarn",),
    )
)
GLOBAL_PREFIXES = ("aws:principaltag/", "aws:resourcetag/", "aws:requesttag/")
PRINCIPAL_TAG = "aws:principaltag/"

_NAME_PARTS = (
    "distinguishednamequalifier|country|organization|organizationalunit|state|commonname"
    "|serialnumber|title|surname|givenname|initials|pseudonym|generationqualifier"
)
_IOT_VARIABLE = re.compile(
    r"iot:(?:clientid|domainname|certificateid|certificate\.(?:serialnumber|availablekeys)"
    rf"|certificate\.(?:subject|issuer)\.(?:{_NAME_PARTS})(?:\.\d+|\.list)?"
    r"|certificate\.(?:subject|issuer)\.alternativename"
    r"\.(?:rfc822name|dnsname|directoryname|uniformresourceidentifier|ipaddress)(?:\.\d+|\.list)?"
    r"|connection\.thing\.(?:thingname|thingtypename|isattached|attributes\[[^\]]+\])"
    r"|connectattributes|lastwilltopic)"
    r"|aws:sourceip",
    re.DOTALL,
)


def is_global_key(key: str) -> bool:
    """Tell whether AWS documents a key for all services."""
    return key in GLOBAL_KEYS or key.startswith(GLOBAL_PREFIXES)


def is_iot_variable(key: str) -> bool:
    """Tell whether IoT policies know a key, besides those of Cognito."""
    return _IOT_VARIABLE.fullmatch(key) is not None


def prefix_of(key: str) -> str:
    """Return what stands before a key's colon."""
    return key.partition(":")[0]


def is_provider_key(key: str) -> bool:
    """Tell whether a key belongs to an identity provider other than Cognito."""
    prefix = prefix_of(key)
    return prefix == "saml" or ("." in prefix and prefix != COGNITO)
