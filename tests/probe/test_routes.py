"""Route templates of all frameworks in one spelling."""

import pytest

from perfkit.probe.routes import Routes, normalised


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("/orders/<int:pk>", "/orders/{pk}"),
        ("/orders/<pk>/lines", "/orders/{pk}/lines"),
        ("orders/<slug:s>/", "/orders/{s}/"),
        ("/orders/{pk:int}", "/orders/{pk}"),
        ("/files/{path:path}", "/files/{path}"),
        ("/orders/:pk", "/orders/{pk}"),
        ("v1/^old/(?P<year>[0-9]{4})/(\\d+)$", "/v1/old/{year}/{1}"),
        ("^items/(?P<pk>[^/.]+)\\.(?P<format>[a-z0-9]+)/?$", "/items/{pk}.{format}/"),
        ("api/<int:a>/^x/(?:y/)?$", "/api/{a}/x/y/"),
        ("", "/"),
    ],
)
def test_a_template_is_spelled_the_same_for_every_framework(template: str, expected: str) -> None:
    assert normalised(template) == expected


def test_the_same_path_in_two_mounts_is_two_routes() -> None:
    texts: list[str] = []

    def name(text: str) -> int:
        texts.append(text)
        return len(texts)

    routes = Routes(name)

    assert routes.id("/x", "/a") != routes.id("/x", "/b")
    assert routes.id("/x", "/a") == routes.id("/x", "/a")
    assert texts == ["/a/x", "/b/x"]
