"""A file becomes a Scenario, or all of its faults at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from perfkit.errors import ScenarioError
from perfkit.scenario.model import Ramp, RepeatStep, RequestStep, Scenario, Think, ThinkStep
from perfkit.scenario.parse import parse
from perfkit.scenario.resolved import resolved

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

SHORT = """\
perfkit: 1
target: http://127.0.0.1:8000
get: [/products, /products/7]
load: [{rate: 20/s, for: 30s}]
"""

# The full example of the grammar without the parts that are refused as not built.
FULL = """\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:8000
  launch:
    command: [gunicorn, "shop:create_app()", -w, "2", -b, 127.0.0.1:8000]
    cwd: ..
    env: {APP_ENV: perf, DATABASE_URL: "${secret.PERF_DB_URL}", DEBUG: false}
    before: [python, seed.py, --rows, 20000]
    ready: {http: /healthz, status: 200, timeout: 30s}
    stop: {signal: TERM, grace: 10s}
guard:
  allow_hosts: [127.0.0.1, localhost, "*.perf.internal"]
  max_rate: 2000/s
  max_users: 5000
vars: {page_size: 20}
data:
  users: {csv: data/users.csv, pick: unique_per_user, on_exhausted: stop_user}
  terms: {csv: data/terms.csv, pick: random, weight: popularity}
auth:
  shopper:
    login:
      post: /login
      json: {email: "${data.users.email}", password: "${data.users.password}"}
      extract: {token: $.token}
    apply: {header: {Authorization: "Bearer ${token}"}}
http:
  timeout: 10s
  connect_timeout: 2s
  keepalive: true
  version: 1.1
  headers: {Accept: application/json}
  tls: {verify: true, ca: null, cert: null, key: null}
flows:
  browse:
    weight: 7
    auth: shopper
    steps:
      - get: /products?limit=${vars.page_size}
        name: list products
        expect: {status: 200, json: {"$.items": {min_length: 1}}, under: 1s}
        extract: {pid: {jsonpath: "$.items[*].id", pick: random}}
      - think: lognormal(2s, p95=8s)
      - repeat: 1..3
        steps:
          - get: /products/${pid}
            expect: {status: 200, json: {$.id: "${pid}"}}
          - think: 500ms..2s
  checkout:
    weight: 3
    auth: shopper
    steps:
      - post: /cart
        json: {product: "${data.terms.product_id}", qty: 1}
        extract: {cart: $.id, etag: header:ETag}
        expect: {status: [200, 201]}
      - think: 1s..3s
      - post: /orders
        headers: {If-Match: "${etag}", Idempotency-Key: "${uuid()}"}
        json: {cart: "${cart}"}
        expect: {status: 201}
        extract: {order: $.id}
load:
  smoke:    [{users: 1, iterations: 1}]
  closed:
    - {users: 0 -> 50 over 30s, warmup: true}
    - {users: 50, for: 2m}
  open:
    - {rate: 5/s -> 40/s over 30s, warmup: true}
    - {rate: 40/s, for: 3m, arrivals: poisson, max_in_flight: 400, on_limit: queue}
    - {rate: 120/s, for: 20s, label: spike}
slo:
  all:           [errors < 0.5%, p99 < 800ms, dropped == 0]
  list products: [p95 < 120ms, p99 < 250ms, queries <= 3]
  "POST /orders": [p95 < 300ms, errors < 0.1%]
  min_samples: 1000
compare:
  margin: 2%
  budget: 60s
  bursts: [2, 8]
  gate: [server_time, burst, errors, statements, bytes]
  prepare: [[pip, install, -r, requirements.txt]]
  copy: [data]
  ports: [8001]
  restarts: 3
profiling:
  for: 30s
  stacks: {rate: 100/s, native: false, required: false}
  call_trees: {sample: 1/50}
  memory: {every: 1s}
  queries: {plans: true, parameters: hashed}
generator: {processes: 1}
environment: test
seed: 42
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a scenario beside the data of the full example."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/users.csv").write_text("email,password\na@example.com,secret-a\n")
    (tmp_path / "data/terms.csv").write_text("product_id,popularity\n7,2.5\n8,1\n")

    def written(text: str) -> Path:
        path = tmp_path / "shop.yaml"
        path.write_text(text)
        return path

    return written


def faults_of(path: Path, *overrides: str, owned: bool = False) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse(path, overrides, environment={}, owned=owned)
    return [str(problem) for problem in caught.value.problems]


def test_the_full_example_is_read_into_base_units(write: Write) -> None:
    path = write(FULL)

    scenario = parse(path)

    launch = scenario.target.launch
    assert launch is not None
    assert launch.cwd == str(path.parent.parent)
    assert launch.before == (("python", "seed.py", "--rows", "20000"),)
    assert launch.env["DEBUG"] == "false"
    assert launch.env["DATABASE_URL"] == "${secret.PERF_DB_URL}"
    assert scenario.guard.max_rate == 2000
    assert scenario.data["users"].csv == str(path.parent / "data/users.csv")
    assert scenario.http.timeout == 10
    assert scenario.load["open"][0].rate == Ramp(5, 40)
    assert scenario.load["open"][0].duration == 30
    assert scenario.load["closed"][1].users == Ramp(50, 50)
    assert scenario.default_load() == "closed"
    assert scenario.slo.objectives["POST /orders"][0].bound == 0.3
    assert scenario.profiling.call_trees.sample == 0.02  # type: ignore[union-attr]  # it is not off here


def test_steps_become_requests_pauses_and_repeats(write: Write) -> None:
    first, pause, repeat = parse(write(FULL)).flows["browse"].steps

    assert isinstance(first, RequestStep)
    assert (first.method, first.name, first.expect.status, first.expect.under) == ("GET", "list products", (200,), 1.0)
    assert first.extract["pid"].pick == "random"
    assert pause == ThinkStep(think=Think("lognormal", 2.0, 8.0))
    assert isinstance(repeat, RepeatStep)
    assert (repeat.low, repeat.high, len(repeat.steps)) == (1, 3, 2)


def test_the_short_form_is_a_flow_per_path_so_that_its_rate_is_one_of_requests(write: Write) -> None:
    scenario = parse(write(SHORT))

    assert scenario.name == "shop"
    assert list(scenario.flows) == ["GET /products", "GET /products/7"]
    assert list(scenario.load) == ["default"]
    assert [objective.text for objective in scenario.slo.objectives["all"]] == ["errors < 1%", "dropped == 0"]


def test_a_closed_scenario_says_nothing_about_dropped_arrivals(write: Write) -> None:
    scenario = parse(write(SHORT.replace("rate: 20/s", "users: 2")))

    assert [objective.text for objective in scenario.slo.objectives["all"]] == ["errors < 1%"]


def test_a_flow_may_be_a_plain_list_of_steps(write: Write) -> None:
    scenario = parse(write(SHORT.replace("get: [/products, /products/7]", "flows: {main: [get: /a, think: 1s]}")))

    assert len(scenario.flows["main"].steps) == 2


def test_a_scenario_with_five_faults_reports_all_five_with_lines(write: Write) -> None:
    path = write("""\
perfkit: 1
target: {base_url: http://127.0.0.1:8000, luanch: {command: [x]}}
data: {users: {csv: data/missing.csv}}
flows:
  main:
    auth: nobody
    steps:
      - get: /products/${pid}
load:
  open:
    - {rate: 5o/s, for: 30s}
""")

    assert faults_of(path) == [
        "line 2: target.luanch: unknown key (did you mean 'launch'?)",
        "line 3: data.users.csv: missing.csv cannot be read: No such file or directory",
        "line 6: flows.main.auth: there is no auth 'nobody'",
        "line 8: flows.main.steps[0].get: ${pid} is not defined here: extract it in an earlier step",
        "line 11: load.open[0].rate: '5o/s' is not a rate (try '50/s', '12/min' or '5/s -> 40/s over 30s')",
    ]


def test_a_fault_has_its_column_too(write: Write) -> None:
    path = write(SHORT.replace("20/s", "20"))

    with pytest.raises(ScenarioError) as caught:
        parse(path)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.where) == (4, 15, "load[0].rate")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    weight: 3", "    weight: 0", "flows.checkout.weight: 0 must be more than 0"),
        ("seed: 42", "seed: 42\nseed: 43", "seed: 'seed' stands here twice (first in line 94)"),
        ("timeout: 10s", "timeout: 10", "http.timeout: 10 is not a duration (try '30s')"),
        ("repeat: 1..3", "repeat: 3..1", "flows.browse.steps[2].repeat: 3 is more than 1 (try '1..3')"),
        ("repeat: 1..3", "repeat: often", "flows.browse.steps[2].repeat: 'often' is not a count (try 3 or '1..3')"),
        ("${vars.page_size}", "${vars.page_syze}", "${vars.page_syze} is not among vars (did you mean 'page_size'?)"),
        ("${data.users.email}", "${data.users.mail}", "${data.users.mail} has no such column (did you mean 'email'?)"),
        ("${data.users.email}", "${data.user.email}", "${data.user.email} is not among data (did you mean 'users'?)"),
        ("${data.users.email}", "${data.users}", "${data.users} needs a column (try ${data.users.email})"),
        ("weight: popularity", "weight: fame", "data.terms.weight: there is no column 'fame' (columns: product_id, popularity)"),
        ("auth: shopper\n    steps:\n      - post", "auth: shoper\n    steps:\n      - post", "there is no auth 'shoper'"),
        ("p95 < 120ms", "p95 < 120", "slo.list products[0]: 'p95 < 120': '120' is not a duration"),
        ("queries <= 3", "querys <= 3", "'querys' is not a figure (one of p50"),
        ("rate: 120/s", "rate: 2100/s", "load.open[2].rate: 2,100/s is more than guard.max_rate allows (2,000/s)"),
        ("users: 50,", "users: 5001,", "load.closed[1].users: 5001 users are more than guard.max_users allows (5000)"),
        ("rate: 120/s,", "rate: 120/s, users: 3,", "load.open[2]: a stage has users (closed) or rate (open): not both"),
        (
            "rate: 120/s, for: 20s",
            "rate: 120/s",
            "load.open[2]: a constant stage has `for` or `iterations`: this one has neither",
        ),
        ("over 30s, warmup", "over 30s, for: 9s, warmup", "load.closed[0]: a ramp already says `over`"),
        ("[{users: 1, iterations: 1}]", "[]", "load.smoke: a profile has at least one stage"),
        ("label: spike", "warmup: true", "load.open: warm-up stages come before the stages that are measured"),
        ("etag: header:ETag", "etag: heading:ETag", "'heading:ETag' is not an extractor"),
        ("etag: header:ETag", "etag: css:a.link", "`css` extractors are not built yet"),
        ("cart: $.id,", "user: $.id,", "flows.checkout.steps[0].extract.user: 'user' is a name that templates already have"),
        ("under: 1s", "beneath: 1s", "flows.browse.steps[0].expect.beneath: unknown key"),
        ("{min_length: 1}", "{min_lenght: 1}", "is not a value or {min_length: 1}"),
        ('"$.items": {min', '"$.[items": {min', "'$.[items' is not a JSONPath"),
        ("- think: 1s..3s", "- parallel: [{get: /a}]", "flows.checkout.steps[1]: `parallel` steps are not built yet"),
        ("- think: 1s..3s", "- poll: {get: /x}", "flows.checkout.steps[1]: `poll` steps are not built yet"),
        ("- think: 1s..3s", "- pots: /x", "flows.checkout.steps[1]: 'pots' is not a kind of step (did you mean 'post'?)"),
        ("- think: 1s..3s", "- think: 3s..1s", "'3s..1s': the second time is less than the first"),
        (
            "- post: /cart",
            "- post: /cart\n        get: /cart",
            "a request has one of get, post, put, patch, delete, head, options, not get and post",
        ),
        ("- post: /cart", "- post: http://elsewhere/cart", "is not a path on the target"),
        ("- post: /cart", "- post: //elsewhere/cart", "is not a path on the target"),
        ("- post: /cart", "- post: /cart\n        form: {a: 1}", "a request has one body, not json and form"),
        ("    weight: 3", "    transaction: checkout", "flows.checkout.transaction: `transaction` is not built yet"),
        ("seed: 42", "invariants: []", "invariants: `invariants` is not built yet"),
        ("margin: 2%", "margin: 2", "compare.margin: 2 is not a share (try '1/50')"),
        ("bursts: [2, 8]", "bursts: [8, 2]", "compare.bursts: sizes of bursts grow and do not repeat (try [2, 8, 32])"),
        ("bursts: [2, 8]", "bursts: [1]", "compare.bursts[0]: "),
        ("gate: [server_time,", "gate: [cpu,", "compare.gate[0]: "),
        ("[[pip, install, -r, requirements.txt]]", "[[]]", "compare.prepare: a command has at least one word"),
        ("margin: 2%", "marign: 2%", "compare.marign: unknown key (did you mean 'margin'?)"),
        ("seed: 42", "capacity: {until: never}", "capacity.until: "),
        ("seed: 42", "capacity: {at: 2000}", "capacity.at: 2000 is not a rate (try '50/s')"),
        ("seed: 42", "capacity: {budget: 20s}", "capacity.budget: a low-load run and a step or two take 30 s at least"),
        ("seed: 42", "capacity: {price: 0.04}", "capacity.price: 0.04 is not a price (try '0.04/core-hour')"),
        ("seed: 42", "capacity: {price: 0/core-hour}", "capacity.price: '0/core-hour' is not a price"),
        ("seed: 42", "capacity: {headroom: {loose: 1}}", "capacity.headroom.loose: unknown key (did you mean 'lose'?)"),
        ("seed: 42", "capacity: {vary: {a: [1], b: [2]}}", "capacity.vary: one thing at a time: a and b at once"),
        ("seed: 42", "capacity: {vary: {workers: [1, 1]}}", "capacity.vary.workers: every value once"),
        (
            "seed: 42",
            "capacity: {vary: {workers: [1, 2]}}",
            "capacity.vary.workers: nothing in target.launch says ${vary.workers}",
        ),
        (
            "seed: 42",
            "capacity: {shared: {connections: {limit: 5, per_instance: 8}}}",
            "capacity.shared.connections: one instance takes 8, which is more than the 5 there are",
        ),
        ("DEBUG: false", "DEBUG: '${vary.workers}'", "${vary.workers} is not among capacity.vary"),
        ("${etag}", "${vary.workers}", "${vary.workers} has no value here (only data, env, iteration, secret, user, vars)"),
        (
            "max_users: 5000",
            "stop_if: [errors > 50%]",
            "guard.stop_if[0]: 'errors > 50%' needs a window (try 'errors > 50% for 10s')",
        ),
        ("max_users: 5000", "stop_if: [dropped > 3 for 1s]", "guard.stop_if[0]: 'dropped > 3 for 1s': dropped has no windows"),
        ("max_users: 5000", "stop_if: [errors > 5% for 1s abort]", "leave out `abort`, it goes without saying"),
        (
            "max_users: 5000",
            "max_duration: 3m",
            "load.open[1].for: the profile lasts 3 min 50 s, which is more than",
        ),
        ("max_in_flight: 400", "max_in_flight: 5001", "5001 virtual users at once are more than guard.max_users allows (5000)"),
        ("version: 1.1", "version: 3", "http.version: HTTP 3 is not built yet (only 1.1 and 2)"),
        ("    apply:", "    refresh: {on_status: 401}\n    apply:", "auth.shopper.refresh: `refresh` is not built yet"),
        ("errors < 0.1%", '"p99 < 600ms abort"', "`abort` needs a window (try 'p99 < 600ms for 10s abort')"),
        ("errors < 0.1%", '"p99 < 600ms for 1.5s"', "a window is of whole seconds, from 1s to 300s, not 1.5s"),
        ("errors < 0.1%", '"p99 < 600ms for 6min"', "a window is of whole seconds, from 1s to 300s, not 6min"),
        ("errors < 0.1%", '"queries < 3 for 10s"', "queries has no windows: it is of the whole measure phase"),
        (
            "list products: [p95 < 120ms",
            '"GET /product": ["p95 < 1s for 5s abort"',
            "slo.GET /product: `abort` needs a step's name",
        ),
        ("- post: /cart", "- post: '${'", "'${': a ${ is never closed"),
        ("{processes: 1}", "{processes: 0}", "generator.processes: "),
        ("{processes: 1}", "{processes: 1, cores: []}", "generator.cores: is empty"),
        ("{processes: 1}", "{processes: 1, cores: [0, 0]}", "generator.cores: names a core twice"),
        ("{processes: 1}", "{processes: 1, cores: [-1]}", "generator.cores[0]: -1 must be at least 0"),
        ("base_url: http://127.0.0.1:8000", "base_url: unix:/run/app.sock", "target.base_url: 'unix:/run/app.sock' is not a URL"),
        ("base_url: http://127.0.0.1:8000", "base_url: 127.0.0.1:8000", "'127.0.0.1:8000' is not a URL"),
        ("base_url: http://127.0.0.1:8000", "base_url: http://me:pw@127.0.0.1", "a URL carries no password here"),
        ("version: 1.1", "redirects: 21", "http.redirects: "),
        ("- post: /cart", "- post: /cart\n        redirects: -1", "redirects: "),
        ("signal: TERM", "signal: TERMINATE", "target.launch.stop.signal: 'TERMINATE' is not a signal"),
        ("name: list products", "name: list ${vars.page_size}", "is taken as it stands here"),
        ("cwd: ..", "cwd: nowhere", "target.launch.cwd: nowhere is not a directory"),
        ("ca: null", "ca: ca.pem", "http.tls.ca: ca.pem is not a file"),
        ("${uuid()}", "${uuid}", "${uuid} is not a name or a function (a function is called: uuid())"),
        ("${etag}", "${start.stock}", "${start.stock} is not built yet"),
        ("DEBUG: false", "DEBUG: '${token}'", "${token} has no value here (only env, secret, vary)"),
    ],
)
def test_a_fault_is_told_with_its_place(write: Write, old: str, new: str, fault: str) -> None:
    assert old in FULL

    found = faults_of(write(FULL.replace(old, new, 1)))

    assert any(fault in each and each.startswith("line ") for each in found), found


def test_an_empty_csv_file_is_a_fault(write: Write) -> None:
    path = write(FULL)
    (path.parent / "data/users.csv").write_text("email,password\n")

    assert faults_of(path) == ["line 18: data.users.csv: users.csv has no rows (a header line and at least one row)"]


def test_what_is_not_yaml_is_told_with_its_line(write: Write) -> None:
    assert faults_of(write("perfkit: 1\nflows: [")) == [
        "line 2: this is not YAML: expected the node content, but found '<stream end>'"
    ]


@pytest.mark.parametrize(
    "text", ["", "just words", "[1, 2]", "perfkit: 2\ntarget: http://127.0.0.1\nget: /\nload: [{users: 1, for: 1s}]"]
)
def test_what_is_no_scenario_is_refused(write: Write, text: str) -> None:
    assert faults_of(write(text)) != []


def test_a_link_to_a_scenario_finds_what_lies_beside_the_original(write: Write, tmp_path: Path) -> None:
    original = write(FULL.replace("cwd: ..", "# beside the file"))
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere/linked.yaml"
    link.symlink_to(original)

    scenario = parse(link)

    assert scenario.data["users"].csv == str(tmp_path / "data/users.csv")
    assert scenario.target.launch is not None
    assert scenario.target.launch.cwd == str(tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "absent.yaml") == ["cannot be read: No such file or directory"]


def test_a_public_host_needs_the_guard_and_then_the_flag(write: Write) -> None:
    public = SHORT.replace("127.0.0.1:8000", "shop.example.com")
    listed = public + "guard: {allow_hosts: [shop.example.com]}\n"

    (unlisted,) = faults_of(write(public), owned=True)
    (unowned,) = faults_of(write(listed))
    scenario = parse(write(listed), owned=True)

    assert unlisted.startswith("line 2: target: shop.example.com is neither loopback nor a private address")
    assert unowned.startswith("line 2: target: shop.example.com is outside loopback and private ranges: say --i-own-this-target")
    assert scenario.target.base_url == "http://shop.example.com"


def test_a_base_url_of_the_environment_is_judged_by_its_host(write: Write) -> None:
    path = write(SHORT.replace("http://127.0.0.1:8000", "${env.BASE_URL}"))

    near = parse(path, environment={"BASE_URL": "http://10.0.0.7:80"})
    with pytest.raises(ScenarioError, match=r"evil\.example is neither loopback"):
        parse(path, environment={"BASE_URL": "http://evil.example"})

    assert near.target.base_url == "http://10.0.0.7:80"
    assert faults_of(path) == ["line 2: target: ${env.BASE_URL} is not set in the environment"]


def test_a_duration_stretches_what_is_measured_and_leaves_the_warm_up(write: Write) -> None:
    scenario = parse(write(FULL), duration=100.0)

    assert [stage.duration for stage in scenario.load["open"]] == [30.0, 90.0, 10.0]
    assert scenario.load["smoke"][0].iterations == 1


def test_a_resolved_scenario_is_a_scenario_without_its_secrets(write: Write) -> None:
    text = FULL.replace("{Accept: application/json}", "{X-Api-Key: abcdef123}").replace(
        "{page_size: 20}", "{page_size: 20, password: hunter2}"
    )
    scenario = parse(write(text))

    kept = resolved(scenario)

    assert "abcdef123" not in str(kept)
    assert "hunter2" not in str(kept)
    assert Scenario.model_validate(kept).flows == scenario.flows
    assert Scenario.model_validate(kept).load == scenario.load


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_example_is_a_scenario(path: Path) -> None:
    scenario = parse(path)

    assert scenario.name
