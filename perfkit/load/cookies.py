"""The cookies of one virtual user: kept from every answer, sent with every request, all for the one target of the scenario."""

from http.cookies import CookieError, SimpleCookie
from typing import Final

from perfkit.load.exchange import Headers

_EXPIRED: Final = "1970"  # what servers write when they take a cookie back, next to Max-Age=0


class Cookies:
    """Path and domain are left aside: a scenario speaks to one host, and its steps are few."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.header = ""  # as it is sent; empty without cookies

    def take(self, headers: Headers) -> None:
        for name, value in headers:
            if name.lower() == "set-cookie":
                self._take(value)
                self.header = "; ".join(f"{key}={kept}" for key, kept in self.values.items())

    def _take(self, line: str) -> None:
        try:
            parsed = SimpleCookie(line)
        except CookieError:
            return  # a cookie that no client would take
        for name, morsel in parsed.items():
            if morsel["max-age"] in {"0", 0} or _EXPIRED in morsel["expires"]:
                self.values.pop(name, None)
            else:
                self.values[name] = morsel.coded_value
