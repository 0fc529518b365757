"""What may follow a password: a new one, a code, a choice, an authenticator to set up.

A page is drawn from the sealed session of its challenge alone, the first time and after a wrong
answer alike.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpResponse
from keyfob.services.cognito_idp.answers.context import Answer, open_step
from keyfob.services.cognito_idp.answers.factors import (
    finish_setup,
    prove_email,
    prove_sms,
    prove_software_token,
    select_factor,
)
from keyfob.services.cognito_idp.answers.passwords import set_new_password
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.factors import ATTRIBUTES
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.domain.users import missing_required
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.authorization import AuthorizationRequest
from keyfob.signin.desk import Desk
from keyfob.signin.errors import PageError
from keyfob.signin.names import attribute_field, password_hint
from keyfob.signin.visit import Visit
from keyfob.store.ports.users import UserRecord

_Handle = Callable[[UserPools, Answer], Awaitable[Mapping[str, Any]]]

_CODES: Mapping[str, _Handle] = {
    "SOFTWARE_TOKEN_MFA": prove_software_token,
    "SMS_MFA": prove_sms,
    "EMAIL_OTP": prove_email,
}
_FACTORS = {
    "SOFTWARE_TOKEN_MFA": "Authenticator application",
    "SMS_MFA": "Text message",
    "EMAIL_OTP": "Email",
}
_NEW_PASSWORD, _SELECT, _SETUP = "NEW_PASSWORD_REQUIRED", "SELECT_MFA_TYPE", "MFA_SETUP"
_TEMPLATES = {
    _NEW_PASSWORD: "new_password",
    _SELECT: "choose_factor",
    _SETUP: "set_up_factor",
} | dict.fromkeys(_CODES, "code")

_ATTRIBUTE_PREFIX = "attribute."
_OVER = "The sign-in took too long or was finished elsewhere. Please begin again."


async def follow(
    desk: Desk, visit: Visit, asked: AuthorizationRequest, result: Mapping[str, Any]
) -> HttpResponse:
    """Go on after a step that succeeded: back to the application, or to the next challenge.

    Raises:
        PageError: a challenge that the pages cannot put.
    """
    sub = result.get("SignedIn")
    if sub is not None:
        user = await desk.service.users.get(visit.site.pool.pool_id, sub)
        if user is None:
            raise PageError(_OVER)
        return await desk.admit(visit, asked, user)
    name, session = result["ChallengeName"], result["Session"]
    if name not in _TEMPLATES:
        raise PageError("This account asks for a step that cannot be taken in a browser.")
    if name == _SETUP:
        begun = await desk.operations.call(visit, "AssociateSoftwareToken", {"Session": session})
        session = begun["Session"]
    return await _render(desk, visit, asked, name, session)


async def take_answer(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Take the answer to a challenge; a wrong one is asked for again.

    Raises:
        PageError: there is no such challenge under way.
    """
    name, session = visit.form.text("challenge"), visit.form.text("session")
    if name not in _TEMPLATES:
        raise PageError(_OVER)
    attempt = Attempt(visit.site.pool, asked.client, visit.now_s, hands_out_tokens=False)
    user = await _open(desk, Answer(attempt, {}, session), name)
    try:
        result = await _answer(desk, visit, attempt, name, user)
    except AwsError as error:
        # opened again: a session that ended meanwhile is a reason to begin anew
        await _open(desk, Answer(attempt, {}, session), name)
        return await _render(desk, visit, asked, name, session, problem=error.message)
    return await follow(desk, visit, asked, result)


async def _answer(
    desk: Desk, visit: Visit, attempt: Attempt, name: str, user: UserRecord
) -> Mapping[str, Any]:
    form, service = visit.form, desk.service
    session, responses = form.text("session"), {"USERNAME": user.username}
    if name == _SETUP:
        params = {"Session": session, "UserCode": form.text("code").strip()}
        verified = await desk.operations.call(visit, "VerifySoftwareToken", params)
        return await finish_setup(service, Answer(attempt, responses, verified["Session"]))
    if name == _SELECT:
        responses["ANSWER"] = form.text("factor")
        return await select_factor(service, Answer(attempt, responses, session))
    if name == _NEW_PASSWORD:
        responses["NEW_PASSWORD"] = form.text("password")
        for attribute, value in form.starting_with(_ATTRIBUTE_PREFIX):
            responses[f"userAttributes.{attribute}"] = value
        return await set_new_password(service, Answer(attempt, responses, session))
    responses[f"{name}_CODE"] = form.text("code").strip()
    return await _CODES[name](service, Answer(attempt, responses, session))


async def _open(desk: Desk, answer: Answer, name: str) -> UserRecord:
    """Return the user of a challenge that is under way."""
    try:
        step = open_step(desk.service, answer, name)
    except AwsError:
        raise PageError(_OVER) from None
    user = await desk.service.users.get(step.pool_id, step.sub)
    if user is None:
        raise PageError(_OVER)
    return user


async def _render(
    desk: Desk,
    visit: Visit,
    asked: AuthorizationRequest,
    name: str,
    session: str,
    *,
    problem: str = "",
) -> HttpResponse:
    step = desk.service.sessions.open_step(session)
    user = await desk.service.users.get(step.pool_id, step.sub)
    if user is None:
        raise PageError(_OVER)
    return desk.page(
        visit,
        _TEMPLATES[name],
        asked,
        status=400 if problem else 200,
        challenge=name,
        session=session,
        username=user.username,
        problem=problem,
        **_facts(visit, step, user),
    )


def _facts(visit: Visit, step: Step, user: UserRecord) -> dict[str, Any]:
    """Return what a challenge's page shows."""
    pool = visit.site.pool
    if step.name == _NEW_PASSWORD:
        missing = missing_required(pool, user)
        return {
            "hint": password_hint(pool.password_policy),
            "fields": [attribute_field(name, is_required=True) for name in missing],
        }
    if step.name == _SELECT:
        return {"factors": [(name, _FACTORS[name]) for name in step.choices if name in _FACTORS]}
    if step.name == _SETUP:
        return {"secret": _in_fours(step.software_secret), "link": _setup_link(visit, step)}
    attribute = ATTRIBUTES.get(step.name)
    if attribute is None:
        return {"destination": ""}
    shown = Delivery(attribute, user.attributes.get(attribute, "")).render()
    return {"destination": shown["Destination"]}


def _setup_link(visit: Visit, step: Step) -> str:
    """Return what an authenticator application on the same device opens (Key Uri Format)."""
    issuer = quote(visit.site.pool.name)
    return f"otpauth://totp/{issuer}:{quote(step.username)}?secret={step.software_secret}&issuer={issuer}"


def _in_fours(text: str) -> str:
    """Return a text in groups of four characters, to be typed; applications ignore the blanks."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
