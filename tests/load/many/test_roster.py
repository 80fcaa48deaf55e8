"""Who is let in, and what the others are told; no network."""

from typing import Any

from perfkit.load.many import token
from perfkit.load.many.roster import MOST_STRANGERS, Roster
from perfkit.load.many.wire import ADMITTED, CHALLENGE, HELLO, ORDER, PROOF, REFUSED
from perfkit.version import VERSION

SECRET = "the-token-of-this-run"


def a_roster(own: int = 0, joining: int = 1) -> Roster:
    return Roster(SECRET, own, joining)


def enter(roster: Roster, client: str, secret: str = SECRET, **said: Any) -> tuple[str, Any]:
    challenge = roster.answer(client, HELLO, {"version": VERSION, "nonce": f"nonce-of-{client}"})
    assert challenge.word == CHALLENGE
    proof = token.prove(secret, "worker", f"nonce-of-{client}", challenge.data["nonce"])
    reply = roster.answer(client, PROOF, {"proof": proof, "name": client, "machine": "here", **said})
    return reply.word, dict(reply.data)


def test_a_worker_with_the_token_is_admitted_and_numbered() -> None:
    roster = a_roster(own=2, joining=2)

    answers = [enter(roster, "a"), enter(roster, "b", number=1), enter(roster, "c"), enter(roster, "d", number=0)]

    assert answers == [(ADMITTED, {"number": number}) for number in (2, 1, 3, 0)]
    assert roster.is_full
    assert [(member.client, member.is_own) for member in roster.members.values()] == [
        ("a", False),
        ("b", True),
        ("c", False),
        ("d", True),
    ]


def test_a_master_proves_that_it_has_the_token_too() -> None:
    challenge = a_roster().answer("a", HELLO, {"version": VERSION, "nonce": "mine"}).data

    assert token.is_proven(challenge["proof"], SECRET, "master", "mine", challenge["nonce"])
    # Said back to it, its own proof proves nothing.
    assert not token.is_proven(challenge["proof"], SECRET, "worker", "mine", challenge["nonce"])
    assert SECRET not in str(challenge)


def test_a_worker_without_the_token_is_refused() -> None:
    roster = a_roster()

    assert enter(roster, "a", "a-guess") == (REFUSED, {"why": "its token is not the master's"})
    assert roster.members == {}


def test_a_proof_is_good_only_once_and_only_for_who_was_asked() -> None:
    roster = a_roster(joining=3)
    challenge = roster.answer("a", HELLO, {"version": VERSION, "nonce": "n"}).data
    proof = {"proof": token.prove(SECRET, "worker", "n", challenge["nonce"]), "name": "a", "machine": ""}

    assert roster.answer("b", PROOF, proof).word == REFUSED
    assert roster.answer("a", PROOF, proof).word == ADMITTED
    assert roster.answer("a", PROOF, proof).word == REFUSED


def test_a_worker_of_another_version_is_told_both_versions() -> None:
    reply = a_roster().answer("a", HELLO, {"version": "9.9", "nonce": "n"})

    assert reply.word == REFUSED
    assert reply.data["why"] == f"it is perfkit 9.9, its master is perfkit {VERSION}: install the same on both"
    assert reply.news.endswith(reply.data["why"])


def test_a_run_that_has_its_workers_takes_no_more() -> None:
    roster = a_roster(own=1, joining=1)
    enter(roster, "a")

    assert enter(roster, "b")[1] == {"why": "this run has its 1 joining workers already"}
    assert enter(roster, "c", number=7)[0] == REFUSED
    assert enter(a_roster(own=1, joining=0), "d")[1] == {"why": "this run takes no workers"}


def test_whatever_else_a_stranger_says_is_refused() -> None:
    roster = a_roster()

    for word, data in (
        (ORDER, {}),
        (HELLO, None),
        (HELLO, [1]),
        (HELLO, {"version": 3}),
        (PROOF, {}),
        ("client_ready", "2.47.0"),
    ):
        assert roster.answer("a", word, data).word == REFUSED
    assert roster.answer("a", HELLO, {"version": VERSION, "nonce": ""}).word == REFUSED
    assert "\x1b" not in str(roster.answer("a", HELLO, {"version": "\x1b[2J", "nonce": "n"}).news)


def test_strangers_that_never_prove_anything_are_forgotten() -> None:
    roster = a_roster()
    first = roster.answer("first", HELLO, {"version": VERSION, "nonce": "n"}).data
    for number in range(MOST_STRANGERS):
        roster.answer(str(number), HELLO, {"version": VERSION, "nonce": "n"})

    proof = token.prove(SECRET, "worker", "n", first["nonce"])

    assert roster.answer("first", PROOF, {"proof": proof}).word == REFUSED
