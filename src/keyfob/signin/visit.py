"""One request to the sign-in pages, as their handlers see it."""

from dataclasses import dataclass

from keyfob.core.http import HttpRequest
from keyfob.signin.parameters import Parameters
from keyfob.signin.site import Site


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks what, where, when."""

    site: Site
    request: HttpRequest
    query: Parameters
    form: Parameters
    """Empty unless the request is a POST."""
    now_s: float
