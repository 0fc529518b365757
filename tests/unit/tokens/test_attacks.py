"""Every forged token is refused by whoever takes tokens."""

import pytest
from tests.unit.tokens.attacks import NAMES, RECIPES, Forger, Recipe

from keyfob.tokens.errors import TokenError
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.jwks import public_key_set
from keyfob.tokens.keys import generate_signing_key
from keyfob.tokens.verify import Expectation, verify_token

KEY = generate_signing_key()
KEYS = public_key_set([KEY])
ISSUER = "https://idp.example.com"
EXPECTED = Expectation(ISSUER, "client", "id")
NOW_S = 1_000_000.0
GENUINE = sign_jwt(
    {"iss": ISSUER, "aud": "client", "token_use": "id", "exp": 1_000_100, "sub": "ann"}, KEY
)


def test_the_genuine_token_is_accepted() -> None:
    assert verify_token(GENUINE, KEYS, EXPECTED, NOW_S).text("sub") == "ann"


def test_the_recipes_have_names_of_their_own_and_sources() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(recipe["source"] for recipe in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_forged_token_is_refused(recipe: Recipe) -> None:
    token = Forger(GENUINE, KEY.private_key.public_key()).forge(recipe)
    assert token != GENUINE
    with pytest.raises(TokenError):
        verify_token(token, KEYS, EXPECTED, NOW_S)
