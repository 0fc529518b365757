"""Single values as text."""

import pytest

from keyfob.wire import scalars


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21T14:13:20Z",
        "2026-09-21T14:13:20.000Z",
        "2026-09-21T16:13:20+02:00",
        "2026-09-21T14:13:20",
        "Mon, 21 Sep 2026 14:13:20 GMT",
        "1790000000",
        "1790000000.0",
    ],
)
def test_timestamps_in_any_form(text: str) -> None:
    assert scalars.parse_timestamp(text) == 1_790_000_000


@pytest.mark.parametrize(
    "text", ["", "soon", "999999999999", "0001-01-01T00:00:00+23:59x", "9" * 400, "nan"]
)
def test_texts_that_are_no_timestamps(text: str) -> None:
    with pytest.raises(ValueError, match="timestamp"):
        scalars.parse_timestamp(text)


def test_rendered_timestamps() -> None:
    assert scalars.render_iso8601(1_790_000_000) == "2026-09-21T14:13:20Z"
    assert scalars.render_iso8601(1_790_000_000.25) == "2026-09-21T14:13:20.250Z"
    assert scalars.render_http_date(1_790_000_000.9) == "Mon, 21 Sep 2026 14:13:20 GMT"


def test_numbers() -> None:
    assert scalars.parse_integer("-2147483648", "integer") == -(2**31)
    assert scalars.parse_integer("+2147483648", "long") == 2**31
    assert scalars.parse_float("-1.5e3") == -1500
    for text in ("2147483648", "1.0", "", "\u0661", "1_000", " 1"):
        with pytest.raises(ValueError, match=r"integer|out of range"):
            scalars.parse_integer(text, "integer")
    for text in ("", "nan", "inf", "1e999", "1.", "0x1"):
        with pytest.raises(ValueError, match=r"number|out of range"):
            scalars.parse_float(text)


def test_booleans() -> None:
    assert scalars.parse_boolean("True") is True
    assert scalars.parse_boolean("false") is False
    with pytest.raises(ValueError, match="boolean"):
        scalars.parse_boolean("1")


def test_blobs() -> None:
    assert scalars.parse_blob(scalars.render_blob(b"\x00\xff")) == b"\x00\xff"
    for text in ("AP8", "AP8=\n", "A-8=", "ü"):
        with pytest.raises(ValueError, match="base64"):
            scalars.parse_blob(text)


def test_texts_that_utf_8_cannot_hold() -> None:
    assert scalars.check_text("ü") == "ü"
    with pytest.raises(ValueError, match="Unicode"):
        scalars.check_text("\ud800")
