from dataclasses import replace

from mediasock.switch.profile import Profile, Times

PROFILE = Profile("u", "1001", "200", "sofia/x/1001@h", 5, times=Times(created=5))


def test_names_have_the_prefix_and_what_is_not_there_is_left_out() -> None:
    headers = dict(PROFILE.headers("Caller"))
    assert headers["Caller-Destination-Number"] == "200"
    assert not {"Caller-RDNIS", "Caller-Transfer-Source", "Caller-Callee-ID-Name"} & set(headers)
    assert headers["Caller-Profile-Index"] == "1"


def test_a_transfer_makes_another_profile_of_the_same_call() -> None:
    moved = PROFILE.transferred("300", "public", "source", 9)
    headers = dict(moved.headers("Caller"))
    assert (headers["Caller-RDNIS"], headers["Caller-Destination-Number"]) == ("200", "300")
    assert headers["Caller-Profile-Created-Time"] == "9"
    assert headers["Caller-Channel-Created-Time"] == "5"
    assert list(headers)[13:16] == ["Caller-Transfer-Source", "Caller-Context", "Caller-RDNIS"]


def test_another_leg_has_a_callee_and_no_index() -> None:
    leg = replace(PROFILE, index=0, callee=("Outbound Call", "rig"))
    headers = dict(leg.headers("Other-Leg"))
    assert headers["Other-Leg-Callee-ID-Number"] == "rig"
    assert "Other-Leg-Profile-Index" not in headers
