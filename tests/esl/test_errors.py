from __future__ import annotations

import pytest

from mediasock.errors import MediasockError
from mediasock.esl import errors


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.ModeError("api", "full", "not here"), "add 'full' to the dialplan's socket line"),
        (errors.CommandRefused("api x", "-ERR no\n"), "api x was refused: -ERR no"),
        (errors.HungUp("USER_BUSY"), "USER_BUSY"),
        (errors.HungUp(""), "no cause given"),
        (errors.Disconnected("gone"), "gone"),
        (errors.WaitTimeout("api x", 2.5), "api x: nothing within 2.5 s"),
    ],
)
def test_an_error_says_what_was_wrong(error: errors.EslError, told: str) -> None:
    assert told in str(error)
    assert isinstance(error, MediasockError)


def test_no_keyword_is_no_advice() -> None:
    assert "add" not in str(errors.ModeError("linger", "", "only outbound"))
