"""Redirects: which request follows, what it carries, what is on record, and where nobody goes."""

from collections.abc import Mapping
from typing import Any

import pytest

from perfkit.errors import LoadError
from perfkit.load.hops import MOST_NAMES, template
from tests.load.test_play import SERVICE_TIME, Reply, Request, Stand

HOME = "http://127.0.0.1:8000"
OTHER = "http://localhost:9000"
Answer = tuple[int, Mapping[str, str], Any]


def redirecting(places: Mapping[str, str], status: int = 302, cookie: str | None = None) -> Reply:
    """Answers each of these paths with where it leads, and every other one with what it was."""

    def reply(request: Request) -> Answer:
        if request.path in places:
            given = {} if cookie is None else {"Set-Cookie": cookie}
            return status, {"Location": places[request.path], **given}, b""
        return 200, {"Content-Type": "application/json"}, {"path": request.path}

    return reply


def played(*steps: Any, reply: Reply, most: int = 5, **parts: Any) -> Stand:
    return Stand(list(steps), reply, http={"redirects": most, **parts.pop("http", {})}, **parts).play()


def paths(stand: Stand) -> list[str]:
    return [f"{request.method} {request.path}" for request in stand.target.requests]


def test_a_redirect_is_not_followed_unless_the_scenario_says_so() -> None:
    stand = Stand([{"get": "/old"}], redirecting({"/old": "/new"})).play()

    assert paths(stand) == ["GET /old"]
    assert [(outcome.status, outcome.error) for outcome in stand.notes.outcomes] == [(302, "")]


def test_every_hop_is_on_record_with_an_id_and_times_of_its_own() -> None:
    stand = played({"get": "/old"}, {"get": "/next"}, reply=redirecting({"/old": "/new", "/new": "/newest"}))

    outcomes = stand.notes.outcomes
    assert [(outcome.id, outcome.step.endpoint, outcome.step.step, outcome.status) for outcome in outcomes] == [
        (1, "GET /old", "browse[1]", 302),
        (2, "GET /new (redirect)", "browse[1]>1", 302),
        (3, "GET /newest (redirect)", "browse[1]>2", 200),
        (4, "GET /next", "browse[2]", 200),
    ]
    assert [outcome.intended_at for outcome in outcomes] == [100.0 + SERVICE_TIME * hop for hop in range(4)]
    assert [outcome.is_opening for outcome in outcomes] == [True, False, False, False]
    assert [request.headers["x-perfkit-id"] for request in stand.target.requests] == [f"{number:016x}" for number in (1, 2, 3, 4)]
    assert stand.target.requests[1].headers["x-perfkit-step"] == "GET%20%2Fnew%20%28redirect%29"


def test_the_last_answer_is_the_steps() -> None:
    step = {"get": "/old", "expect": {"json": {"$.path": "/new?x=1"}}, "extract": {"where": "$.path"}}

    stand = played(step, {"get": "/after", "params": {"p": "${where}"}}, reply=redirecting({"/old": "/new?x=1"}))

    assert stand.notes.errors == ["", "", ""]
    assert paths(stand)[-1] == "GET /after?p=%2Fnew%3Fx%3D1"
    assert stand.notes.outcomes[1].extracted == {"where": "/new?x=1"}


def test_a_status_that_is_expected_is_that_of_the_last_answer() -> None:
    stand = played({"get": "/old", "expect": {"status": 302}}, reply=redirecting({"/old": "/new"}))

    assert stand.notes.errors == ["", "status"]


def test_under_holds_for_the_whole_chain() -> None:
    reply = redirecting({"/a": "/b", "/b": "/c"})
    quick = played({"get": "/a", "expect": {"under": f"{3 * SERVICE_TIME * 1000 + 1}ms"}}, reply=reply)
    slow = played({"get": "/a", "expect": {"under": f"{3 * SERVICE_TIME * 1000}ms"}}, reply=reply)

    assert quick.notes.errors == ["", "", ""]
    assert slow.notes.errors == ["", "", "expectation"]


@pytest.mark.parametrize(
    ("verb", "status", "method"),
    [
        ("post", 301, "GET"),
        ("post", 302, "GET"),
        ("post", 303, "GET"),
        ("put", 303, "GET"),
        ("put", 302, "PUT"),
        ("post", 307, "POST"),
        ("put", 308, "PUT"),
        ("head", 302, "HEAD"),
        ("head", 303, "HEAD"),
        ("head", 307, "HEAD"),
        ("get", 308, "GET"),
    ],
)
def test_method_and_body_follow_the_status(verb: str, status: int, method: str) -> None:
    body = {"json": {"a": 1}} if verb in {"post", "put"} else {}

    stand = played({verb: "/old", "headers": {"X-Key": "k"}, **body}, reply=redirecting({"/old": "/new"}, status))

    first, second = stand.target.requests
    assert (second.method, second.path) == (method, "/new")
    assert second.headers["x-key"] == "k"
    assert second.body == (first.body if method == verb.upper() else None)
    assert second.headers.get("content-type") == (first.headers.get("content-type") if second.body else None)
    assert ("content-length" in second.headers) == (second.body is not None)
    assert [outcome.is_head for outcome in stand.notes.outcomes] == [verb == "head"] * 2


def test_what_was_rolled_for_the_request_stays_the_same_when_it_is_sent_on() -> None:
    step = {"post": "/old", "json": {"id": "${uuid()}"}, "headers": {"Idempotency-Key": "${uuid()}"}}

    stand = played(step, reply=redirecting({"/old": "/new"}, 307))

    first, second = stand.target.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/new", "/new"),
        ("new?x=1#part", "/shop/new?x=1"),
        ("../up", "/up"),
        ("?page=2", "/shop/old?page=2"),
        (f"{HOME}/absolute", "/absolute"),
        ("//127.0.0.1:8000/without-scheme", "/without-scheme"),
        (f"{HOME}", "/"),
        ("/a b/ü".encode().decode("latin-1"), "/a%20b/%C3%BC"),
        ("/encoded%2Fonce", "/encoded%2Fonce"),
    ],
)
def test_locations_are_resolved_as_browsers_do(location: str, path: str) -> None:
    stand = played({"get": "/shop/old"}, reply=redirecting({"/shop/old": location}))

    assert paths(stand) == ["GET /shop/old", f"GET {path}"]
    assert stand.target.requests[1].headers["host"] == "127.0.0.1:8000"
    assert stand.notes.errors == ["", ""]


def test_a_hop_below_the_base_urls_path_is_named_as_steps_are() -> None:
    reply = redirecting({"/api/old": "/api/orders/17", "/api/orders/17": "/login"})

    stand = played({"get": "/old"}, reply=reply, target=f"{HOME}/api")

    assert paths(stand) == ["GET /api/old", "GET /api/orders/17", "GET /login"]
    assert [outcome.step.endpoint for outcome in stand.notes.outcomes] == [
        "GET /old",
        "GET /orders/{} (redirect)",
        "GET /login (redirect)",
    ]


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/x", "javascript:alert(1)", "https://", "http://[::1", "http://127.0.0.1:port/", "http://127.0.0.1:0/"],
)
def test_a_location_that_is_no_url_is_a_failure_of_the_answer_that_gave_it(location: str) -> None:
    stand = played({"get": "/old"}, {"get": "/next"}, reply=redirecting({"/old": location}))

    assert stand.notes.errors == ["protocol", ""]
    assert "no http or https URL" in stand.notes.outcomes[0].problem
    assert paths(stand) == ["GET /old", "GET /next"]


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_without_a_location_is_an_answer_like_any_other(headers: dict[str, str]) -> None:
    stand = played({"get": "/old"}, reply=lambda _: (302, headers, b""))

    assert [(outcome.status, outcome.error) for outcome in stand.notes.outcomes] == [(302, "")]


def test_more_redirects_than_the_scenario_allows_are_a_failure() -> None:
    def onward(request: Request) -> Answer:
        return 302, {"Location": f"/{int(request.path[1:]) + 1}"}, b""

    stand = played({"get": "/0"}, reply=onward, most=3)

    assert paths(stand) == ["GET /0", "GET /1", "GET /2", "GET /3"]
    assert stand.notes.errors == ["", "", "", "protocol"]
    assert stand.notes.outcomes[-1].problem == "redirected more than 3 times"
    assert stand.notes.outcomes[-1].status == 302


def test_a_step_says_how_many_redirects_it_follows() -> None:
    reply = redirecting({"/a": "/b", "/b": "/c"})

    stand = played({"get": "/a", "redirects": 0}, {"get": "/a", "redirects": 1}, {"get": "/a"}, reply=reply, most=2)

    assert stand.notes.errors == ["", "", "protocol", "", "", ""]


def test_a_circle_is_a_failure_as_soon_as_it_closes() -> None:
    stand = played({"get": "/a"}, reply=redirecting({"/a": "/b?token=abc", "/b?token=abc": "/a"}), most=20)

    assert paths(stand) == ["GET /a", "GET /b?token=abc"]
    assert stand.notes.errors == ["", "protocol"]
    assert stand.notes.outcomes[-1].problem == "redirected in a circle: GET /a"


def test_coming_back_with_a_cookie_that_was_given_is_no_circle() -> None:
    def gate(request: Request) -> Answer:
        if "cookie" in request.headers:
            return 200, {}, {}
        return 302, {"Location": "/", "Set-Cookie": "seen=1"}, b""

    stand = played({"get": "/"}, reply=gate)

    assert stand.notes.errors == ["", ""]
    assert stand.target.requests[1].headers["cookie"] == "seen=1"


def test_cookies_of_a_hop_are_kept() -> None:
    def reply(request: Request) -> Answer:
        if request.path == "/login":
            return 303, {"Location": "/home", "Set-Cookie": "session=s1"}, b""
        return 200, {"Set-Cookie": "theme=dark"} if request.path == "/home" else {}, {}

    stand = played({"post": "/login"}, {"get": "/next"}, reply=reply)

    assert [request.headers.get("cookie") for request in stand.target.requests] == [None, "session=s1", "session=s1; theme=dark"]


def test_a_cookie_header_of_the_steps_own_is_not_added_to() -> None:
    stand = played({"get": "/old", "headers": {"Cookie": "mine=1"}}, reply=redirecting({"/old": "/new"}, cookie="session=s1"))

    assert stand.target.requests[1].headers["cookie"] == "mine=1"


def test_a_login_may_redirect() -> None:
    auth = {
        "shopper": {
            "login": {"post": "/login", "extract": {"token": "$.path"}},
            "apply": {"header": {"Authorization": "Bearer ${token}"}},
        }
    }

    stand = played({"get": "/orders"}, reply=redirecting({"/login": "/home"}), auth=auth, flow={"auth": "shopper"})

    assert paths(stand) == ["POST /login", "GET /home", "GET /orders"]
    assert [outcome.step.step for outcome in stand.notes.outcomes] == ["shopper.login", "shopper.login>1", "browse[1]"]
    assert stand.target.requests[2].headers["authorization"] == "Bearer /home"


# Other origins


def test_nothing_that_may_be_a_credential_travels_to_another_origin() -> None:
    step = {
        "post": "/old",
        "json": {"a": 1},
        "headers": {"Authorization": "Bearer t", "X-Api-Key": "k", "Cookie": "mine=1", "Accept": "application/json"},
    }

    stand = played(step, reply=redirecting({"/old": f"{OTHER}/new"}, 307))

    away = stand.target.requests[1]
    assert set(away.headers) == {"host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"}
    assert (away.method, away.path, away.headers["host"]) == ("POST", "/new", "localhost:9000")
    assert stand.notes.outcomes[1].step.endpoint == f"GET {OTHER}/new (redirect)".replace("GET", "POST")


def test_another_origin_has_cookies_of_its_own() -> None:
    def reply(request: Request) -> Answer:
        if request.headers["host"] == "localhost:9000":
            return 302, {"Location": f"{HOME}/back", "Set-Cookie": "theirs=1"}, b""
        if request.path == "/old":
            return 302, {"Location": f"{OTHER}/sign-on", "Set-Cookie": "ours=1"}, b""
        return 200, {}, {}

    stand = played({"get": "/old"}, {"get": "/old"}, reply=reply)

    sent = [(request.headers["host"][:9], request.headers.get("cookie")) for request in stand.target.requests]
    assert sent == [
        ("127.0.0.1", None),
        ("localhost", None),
        ("127.0.0.1", "ours=1"),
        ("127.0.0.1", "ours=1"),
        ("localhost", "theirs=1"),
        ("127.0.0.1", "ours=1"),
    ]
    assert stand.notes.errors == [""] * 6
    assert "x-perfkit-id" not in stand.target.requests[1].headers
    assert stand.target.requests[2].headers["x-perfkit-id"] == f"{3:016x}"


def test_credentials_stay_away_for_the_rest_of_a_chain_that_has_left() -> None:
    reply = redirecting({"/old": f"{OTHER}/there", "/there": f"{HOME}/back"})

    stand = played({"get": "/old", "headers": {"Authorization": "Bearer t"}}, reply=reply)

    assert [request.headers.get("authorization") for request in stand.target.requests] == ["Bearer t", None, None]


def test_a_target_that_calls_itself_what_it_was_called_is_the_target() -> None:
    step = {"get": "/old", "headers": {"Host": "shop.test", "Authorization": "Bearer t"}}

    stand = played(step, reply=redirecting({"/old": "http://SHOP.test:80/new"}))

    assert stand.target.requests[1].headers["host"] == "shop.test"
    assert stand.target.requests[1].headers["authorization"] == "Bearer t"
    assert stand.notes.outcomes[1].step.endpoint == "GET /new (redirect)"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://shop.example.com/", "neither loopback nor a private address"),
        ("https://169.254.169.254/latest", "neither loopback nor a private address"),
        ("//metadata.internal/x", "neither loopback nor a private address"),
        ("http://listed.example.com/", "--i-own-this-target"),
    ],
)
def test_a_redirect_to_a_host_that_may_not_be_loaded_ends_the_load(location: str, why: str) -> None:
    stand = Stand([{"get": "/old"}], redirecting({"/old": location}), http={"redirects": 5}, guard={"allow_hosts": ["listed.*"]})

    with pytest.raises(LoadError, match=f"redirects to .*{why}") as refused:
        stand.play()

    assert "guard.allow_hosts" in refused.value.hint
    assert paths(stand) == ["GET /old"]
    assert [(outcome.status, outcome.error) for outcome in stand.notes.outcomes] == [(302, "")]


def test_a_host_that_may_not_be_loaded_so_hard_ends_the_load_too() -> None:
    load = [{"rate": "900/s", "for": "1s"}]
    stand = Stand([{"get": "/old"}], redirecting({"/old": "http://10.0.0.7/"}), http={"redirects": 5}, load=load)

    with pytest.raises(LoadError, match=r"redirects to 10\.0\.0\.7, .*guard\.max_rate"):
        stand.play()


# Names


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/orders/17?full=1", "/orders/{}"),
        ("/orders/123e4567-e89b-12d3-a456-426614174000/lines", "/orders/{}/lines"),
        ("/s/eyJhbGciOiJIUzI1NiJ9.e30", "/s/{}"),
        ("/v2/items", "/v2/items"),
        ("/terms-and-conditions-of-sale", "/terms-and-conditions-of-sale"),
    ],
)
def test_what_names_a_single_thing_is_left_open_in_a_hops_name(path: str, expected: str) -> None:
    assert template(path) == expected


def test_a_target_that_redirects_to_ever_new_paths_makes_few_endpoints() -> None:
    words = [f"{first}{second}" for first in "abcdefgh" for second in "abcdefgh"]
    left = iter(words)

    stand = played(
        {"repeat": len(words), "steps": [{"get": "/old"}]},
        reply=lambda request: (302, {"Location": f"/{next(left)}"}, b"") if request.path == "/old" else (200, {}, {}),
    )

    names = {outcome.step.endpoint for outcome in stand.notes.outcomes}
    assert len(names) == MOST_NAMES + 2
    assert "GET (redirect)" in names
