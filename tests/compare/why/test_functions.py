"""Which function is which."""

from perfkit.compare.why.functions import Function, reader, renamed


def own(name: str, file: str) -> Function:
    return Function(name, file, is_own=True)


def test_a_function_whose_line_moved_is_the_same_function_in_both_checkouts() -> None:
    base = reader(("/srv/base",))("total (/srv/base/shop/cart.py:12)")
    head = reader(("/srv/head",))("total (/srv/head/shop/cart.py:40)")

    assert base.function == head.function == own("total", "shop/cart.py")
    assert (base.line, head.line) == (12, 40)


def test_a_library_is_nobody_s_own_and_told_without_its_folder() -> None:
    frame = reader(("/srv/base",))("dumps (/srv/base/.venv/lib/python3.11/site-packages/orjson/__init__.py:3)")

    assert frame.function == Function("dumps", "orjson/__init__.py", is_own=False)


def test_a_renamed_file_is_found_by_the_functions_that_it_shares() -> None:
    base = [own("total", "cart.py"), own("discount", "cart.py"), own("__init__", "cart.py"), own("view", "app.py")]
    head = [own("total", "basket.py"), own("discount", "basket.py"), own("__init__", "other.py"), own("view", "app.py")]

    assert renamed(base, head) == {"cart.py": "basket.py"}


def test_a_file_that_could_have_become_either_of_two_is_left_alone() -> None:
    base = [own("total", "cart.py")]
    head = [own("total", "basket.py"), own("total", "trolley.py")]

    assert renamed(base, head) == {}


def test_names_that_every_file_has_make_no_two_files_one() -> None:
    assert renamed([own("<module>", "a.py"), own("__init__", "a.py")], [own("<module>", "b.py"), own("__init__", "b.py")]) == {}


def test_a_frame_of_a_renamed_file_goes_by_its_new_name() -> None:
    read = reader(("/srv/base",), {"cart.py": "basket.py"})

    assert read("total (/srv/base/cart.py:1)").function.file == "basket.py"
