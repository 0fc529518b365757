"""OpenID Connect and SAML providers."""

import pytest
from tests.unit.services.caller import NOW_S, Caller
from tests.unit.services.iam.refusing import refuse

from keyfob.services.iam.dependencies import IamService

OIDC = "arn:aws:iam::123456789012:oidc-provider/idp.example.com/realm"
SAML = "arn:aws:iam::123456789012:saml-provider/Corp"
PRINT = "0123456789abcdef0123456789ABCDEF01234567"


def metadata(attributes: str = "", *, key: bool = True, start: str = "") -> str:
    certificate = "<ds:X509Certificate>MIIB</ds:X509Certificate>" if key else ""
    return (
        f'{start}<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://corp" {attributes}>'
        '<md:IDPSSODescriptor><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data>'
        f"{certificate}</ds:X509Data></ds:KeyInfo></md:KeyDescriptor></md:IDPSSODescriptor>"
        f"<!-- {'x' * 1000} --></md:EntityDescriptor>"
    )


async def make_oidc(iam: Caller[IamService], **params: object) -> None:
    await iam("CreateOpenIDConnectProvider", Url="https://idp.example.com/realm/", **params)


async def test_an_oidc_provider_is_made_and_read_back(iam: Caller[IamService]) -> None:
    answer = await iam(
        "CreateOpenIDConnectProvider",
        Url="https://idp.example.com/realm/",
        ClientIDList=["app", "app"],
        ThumbprintList=[PRINT],
        Tags=[{"Key": "a", "Value": "b"}],
    )
    tags = [{"Key": "a", "Value": "b"}]
    assert answer == {"OpenIDConnectProviderArn": OIDC, "Tags": tags}
    assert await iam("GetOpenIDConnectProvider", OpenIDConnectProviderArn=OIDC) == {
        "Url": "idp.example.com/realm",
        "ClientIDList": ["app"],
        "ThumbprintList": [PRINT.lower()],
        "CreateDate": NOW_S,
        "Tags": tags,
    }
    listed = await iam("ListOpenIDConnectProviders")
    assert listed == {"OpenIDConnectProviderList": [{"Arn": OIDC}]}
    error = await refuse(iam, "CreateOpenIDConnectProvider", Url="https://idp.example.com/realm")
    assert (error.code, error.message) == (
        "EntityAlreadyExists",
        "Provider with url https://idp.example.com/realm already exists.",
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.com",
        "idp.example.com",
        "https://",
        "https://idp.example.com?a=b",
        "https://idp.example.com#x",
        "https://user@idp.example.com",
        "https://idp.example.com/a b",
        "https://[idp",
    ],
)
async def test_issuers_that_are_refused(iam: Caller[IamService], url: str) -> None:
    error = await refuse(iam, "CreateOpenIDConnectProvider", Url=url)
    assert error.message == "Invalid Open ID Connect Provider URL"


async def test_client_ids_and_thumbprints(iam: Caller[IamService]) -> None:
    await make_oidc(iam)
    arn = {"OpenIDConnectProviderArn": OIDC}
    for _ in range(2):
        await iam("AddClientIDToOpenIDConnectProvider", **arn, ClientID="a")
    await iam("AddClientIDToOpenIDConnectProvider", **arn, ClientID="b")
    await iam("RemoveClientIDFromOpenIDConnectProvider", **arn, ClientID="a")
    await iam("RemoveClientIDFromOpenIDConnectProvider", **arn, ClientID="none")
    await iam("UpdateOpenIDConnectProviderThumbprint", **arn, ThumbprintList=[PRINT.lower()])
    provider = await iam("GetOpenIDConnectProvider", **arn)
    assert provider["ClientIDList"] == ["b"]
    assert provider["ThumbprintList"] == [PRINT.lower()]
    for thumbprints in ([PRINT] * 6, ["g" * 40]):
        error = await refuse(
            iam, "UpdateOpenIDConnectProviderThumbprint", **arn, ThumbprintList=thumbprints
        )
        assert error.code == "InvalidInput"
    many = [str(number) for number in range(101)]
    error = await refuse(
        iam, "CreateOpenIDConnectProvider", Url="https://other.example", ClientIDList=many
    )
    assert error.code == "LimitExceeded"


async def test_deleting_an_oidc_provider_twice_is_no_error(iam: Caller[IamService]) -> None:
    await make_oidc(iam)
    for _ in range(2):
        await iam("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=OIDC)
    error = await refuse(iam, "GetOpenIDConnectProvider", OpenIDConnectProviderArn=OIDC)
    assert (error.code, error.message) == (
        "NoSuchEntity",
        f"OpenIDConnect Provider not found for arn {OIDC}",
    )


async def test_providers_of_other_accounts_are_not_there(iam: Caller[IamService]) -> None:
    await make_oidc(iam)
    await iam("CreateSAMLProvider", Name="Corp", SAMLMetadataDocument=metadata())
    for arn in (OIDC.replace("1234", "9999"), SAML, "arn:aws:iam::123456789012:role/realm"):
        error = await refuse(iam, "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
        assert error.code == "NoSuchEntity"
        assert await iam.context("GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn) == {}


@pytest.mark.parametrize(
    ("start", "member", "arn"),
    [
        ("OpenIDConnectProvider", "OpenIDConnectProviderArn", OIDC),
        ("SAMLProvider", "SAMLProviderArn", SAML),
    ],
)
async def test_tags(iam: Caller[IamService], start: str, member: str, arn: str) -> None:
    await make_oidc(iam)
    await iam("CreateSAMLProvider", Name="Corp", SAMLMetadataDocument=metadata())
    tags = [{"Key": "a", "Value": "b"}]
    await iam(f"Tag{start}", **{member: arn}, Tags=tags)
    assert (await iam(f"List{start}Tags", **{member: arn}))["Tags"] == tags
    assert await iam.context(f"Delete{start}", **{member: arn}) == {"aws:ResourceTag/a": ("b",)}
    assert await iam.resources(f"Delete{start}", **{member: arn}) == (arn,)
    await iam(f"Untag{start}", **{member: arn}, TagKeys=["A"])
    assert (await iam(f"List{start}Tags", **{member: arn}))["Tags"] == []


async def test_a_saml_provider_is_made_changed_and_deleted(iam: Caller[IamService]) -> None:
    document = metadata('validUntil="2023-11-15T00:00:00Z"')
    made = await iam("CreateSAMLProvider", Name="Corp", SAMLMetadataDocument=document)
    assert made == {"SAMLProviderArn": SAML}
    found = await iam("GetSAMLProvider", SAMLProviderArn=SAML)
    assert (found["SAMLMetadataDocument"], found["ValidUntil"]) == (document, 1_700_006_400.0)
    error = await refuse(iam, "CreateSAMLProvider", Name="corp", SAMLMetadataDocument=document)
    assert error.message == "Provider with name corp already exists."
    await iam("UpdateSAMLProvider", SAMLProviderArn=SAML, SAMLMetadataDocument=metadata())
    [listed] = (await iam("ListSAMLProviders"))["SAMLProviderList"]
    assert listed["Arn"] == SAML
    assert listed["ValidUntil"] > NOW_S + 99 * 365 * 86_400
    await iam("DeleteSAMLProvider", SAMLProviderArn=SAML)
    error = await refuse(iam, "DeleteSAMLProvider", SAMLProviderArn=SAML)
    assert (error.code, error.message) == ("NoSuchEntity", f"Manifest not found for arn {SAML}")


@pytest.mark.parametrize(
    "document",
    [
        metadata(key=False),
        metadata('validUntil="soon"'),
        metadata().replace("IDPSSODescriptor", "SPSSODescriptor"),
        metadata().replace('entityID="https://corp"', ""),
        metadata().replace("</md:EntityDescriptor>", ""),
        metadata(start='<!DOCTYPE x [<!ENTITY a "aaaa">]>'),
        "x" * 1000,
    ],
)
async def test_metadata_that_is_refused(iam: Caller[IamService], document: str) -> None:
    error = await refuse(iam, "CreateSAMLProvider", Name="Corp", SAMLMetadataDocument=document)
    assert (error.code, error.message) == ("InvalidInput", "Could not parse metadata")


async def test_encrypted_assertions_are_refused(iam: Caller[IamService]) -> None:
    error = await refuse(
        iam,
        "CreateSAMLProvider",
        Name="Corp",
        SAMLMetadataDocument=metadata(),
        AssertionEncryptionMode="Required",
    )
    assert error.code == "InvalidInput"
    assert (await iam("ListSAMLProviders"))["SAMLProviderList"] == []


async def test_authorisation_of_new_providers(iam: Caller[IamService]) -> None:
    url = "https://idp.example.com/realm"
    assert await iam.resources("CreateOpenIDConnectProvider", Url=url) == (OIDC,)
    params = {"Name": "Corp", "SAMLMetadataDocument": metadata()}
    assert await iam.resources("CreateSAMLProvider", **params) == (SAML,)
