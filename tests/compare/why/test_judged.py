"""Which functions surely changed."""

from perfkit.compare.why.explain import Effort, explain, ranked
from perfkit.compare.why.explanation import SHARED, Branch, Explanation, FunctionChange
from perfkit.compare.why.recorded import Seen
from tests.compare.why.recordings import ENDPOINT, VIEW, a_version, some_seen, some_trees

RENDER = "render_cart (/srv/base/shop/cart.py:30)"
CHECK = "check (/srv/base/shop/stock.py:7)"
DUMPS = "dumps (/usr/lib/python3.11/json/__init__.py:200)"
COMMON = {(VIEW,): 0.001, (VIEW, RENDER): 0.002, (VIEW, DUMPS): 0.001}


def explained(base: tuple[Seen, ...], head: tuple[Seen, ...]) -> Explanation:
    return explain(a_version("base", stacks=base), a_version("head", stacks=head), (ENDPOINT,), Effort(50.0, 8))


def named(explanation: Explanation) -> list[str]:
    return [one.name for one in explanation.functions if one.significant]


def test_the_function_that_became_slower_is_named_first_and_those_that_only_call_it_after_it() -> None:
    head = COMMON | {(VIEW, RENDER): 0.005}

    found = explained(some_seen(COMMON, 1), some_seen(head, 2)).functions

    assert [one.name for one in found if one.significant] == ["render_cart", "orders"]
    assert found[0].place == "shop/cart.py:30"
    assert 0.0015 < found[0].with_calls.base < 0.0025
    assert 0.004 < found[0].with_calls.head < 0.006
    assert found[0].with_calls.change.low > 0


def test_a_version_against_itself_has_no_function_that_surely_changed() -> None:
    alarms = [named(explained(some_seen(COMMON, seed), some_seen(COMMON, seed + 1000))) for seed in range(40)]

    assert sum(bool(names) for names in alarms) <= 5, alarms  # 5 % of 40, and what chance adds to it once in a thousand series


def test_a_new_function_is_told_with_the_line_that_calls_it() -> None:
    head = COMMON | {(VIEW, RENDER, CHECK): 0.002}

    found = explained(some_seen(COMMON, 3), some_seen(head, 4)).functions[0]

    assert (found.name, found.state, found.significant) == ("check", "new", True)
    assert found.new_call == "shop/cart.py:30 in render_cart"
    assert found.with_calls.base == 0


def test_a_library_s_time_is_its_caller_s() -> None:
    base = {(VIEW, RENDER, DUMPS): 0.001, (VIEW,): 0.001}

    found = explained(some_seen(base, 5), some_seen(base | {(VIEW, RENDER, DUMPS): 0.004}, 6)).functions

    assert found[0].name == "render_cart"
    assert found[0].alone.change.value > 0.002
    assert next(one for one in found if one.name == "dumps").alone.change.value == 0


def test_a_gone_function_is_told_as_gone() -> None:
    base = COMMON | {(VIEW, CHECK): 0.002}

    found = explained(some_seen(base, 7), some_seen(COMMON, 8)).functions[0]

    assert (found.name, found.state, found.with_calls.head) == ("check", "gone", 0.0)
    assert found.new_call == ""


def test_a_few_samples_more_are_not_called_a_change() -> None:
    rare = COMMON | {(VIEW, CHECK): 0.00001}

    found = explained(some_seen(COMMON, 9), some_seen(rare, 10))

    assert "check" not in named(found)


def test_only_what_surely_changed_has_a_colour_in_the_merged_tree() -> None:
    head = COMMON | {(VIEW, RENDER): 0.005, (VIEW, CHECK): 0.0002}

    tree = explained(some_seen(COMMON, 11), some_seen(head, 12)).trees[0]

    view = tree.root.children[0]
    changed = {child.name: child.change for child in view.children}
    assert view.name == "orders"
    assert (changed["render_cart"] or 0) > 0.002
    assert changed["dumps"] is None
    assert tree.root.head > tree.root.base
    assert_no_child_is_more_than_its_parent(tree.root)


def assert_no_child_is_more_than_its_parent(branch: Branch) -> None:
    assert sum(child.head for child in branch.children) <= branch.head * 1.000001
    for child in branch.children:
        assert_no_child_is_more_than_its_parent(child)


def test_waiting_that_no_processor_sees_is_found_by_the_wall_clock() -> None:
    stacks = some_seen(COMMON, 13), some_seen(COMMON, 14)
    trees = some_trees(COMMON, 15), some_trees(COMMON | {(VIEW, RENDER): 0.03}, 16)

    found = explain(
        a_version("base", stacks=stacks[0], trees=trees[0]), a_version("head", stacks=stacks[1], trees=trees[1]),
        (ENDPOINT,), Effort(50.0, 8),
    ).functions  # fmt: skip

    assert (found[0].name, found[0].clock, found[0].significant) == ("render_cart", "wall", True)
    assert len([one for one in found if one.name == "render_cart"]) == 1


def test_runaway_recursion_is_followed_to_a_depth_that_can_be_drawn() -> None:
    deep = {(VIEW, *[RENDER] * 3000): 0.002}

    found = explained(some_seen(deep, 17), some_seen(dict.fromkeys(deep, 0.006), 18))

    assert named(found)[0] == "render_cart"


def test_a_profiler_that_saw_nothing_says_why() -> None:
    found = explain(a_version("base"), a_version("head"), (ENDPOINT,), Effort(1.0, 0))

    assert found.functions == ()
    assert "on the processor (py-spy), base: no py-spy here" in found.missing


def test_sure_changes_come_before_larger_ones_that_may_be_chance() -> None:
    head = COMMON | {(VIEW, RENDER): 0.005}
    found: tuple[FunctionChange, ...] = explained(some_seen(COMMON, 19), some_seen(head, 20)).functions

    assert [one.significant for one in ranked(reversed(found))] == sorted((one.significant for one in found), reverse=True)


def test_what_no_endpoint_owns_is_told_by_what_was_done_and_not_by_who_started_it() -> None:
    main, read = (
        "main (/usr/lib/python3/dist-packages/gunicorn/app.py:1)",
        "recv (/usr/lib/python3/dist-packages/gunicorn/sock.py:9)",
    )
    base, head = some_seen({(main, read): 0.001}, 21, SHARED), some_seen({(main, read): 0.004}, 22, SHARED)

    (first, *_) = explained(base, head).functions

    assert (first.name, first.endpoint, first.significant) == ("recv", SHARED, True)
