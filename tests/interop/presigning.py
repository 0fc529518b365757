"""A presigned WebSocket URL, made by botocore as AWS documents it."""

from urllib.parse import quote, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from tests.interop.people import REGION

from keyfob.cli.demo.person import Credentials


def presigned_path(host: str, theirs: Credentials) -> str:
    """Sign `/mqtt` for a host with port; the session token is appended afterwards."""
    request = AWSRequest("GET", f"http://{host}/mqtt", headers={"host": host})
    keys = BotocoreCredentials(theirs.access_key_id, theirs.secret_key)
    SigV4QueryAuth(keys, "iotdevicegateway", REGION, expires=300).add_auth(request)
    query = urlsplit(request.url).query
    return f"/mqtt?{query}&X-Amz-Security-Token={quote(theirs.session_token, safe='')}"
