"""Redirects: where they lead, and that a client's text cannot change the host."""

import pytest

from lib.prox import service


def redirect(to, match=None, **action):
    route = {"action": {"type": "redirect", "to": to, **action}}
    if match:
        route["match"] = match
    return {"services": {"web": service([route])}}


@pytest.mark.parametrize("to, target, location", [
    ("https://{domain}{uri}", "/a%20b?x=%2F", "https://prox.test/a%20b?x=%2F"),
    ("https://{domain}{path}", "/a%20b%25%0a?x=1", "https://prox.test/a%20b%25%0A"),
    ("/new", "/old", "/new"),
    ("{path}", "//evil.test/", "/evil.test/"),
    ("{uri}", "//evil.test/?q", "/evil.test/?q"),
    ("{path}", "/%5Cevil.test", "/%5Cevil.test"),
    ("{path}", "/%2F%2Fevil.test", "/evil.test"),
    ("https://other.test/{method}", "/", "https://other.test/GET"),
])
def test_location(start_prox, to, target, location):
    response = start_prox(redirect(to)).fetch(target)
    assert (response.status, response.get("Location")) == (308, location)
    assert response.body == b"Permanent Redirect\n"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_status(start_prox, status):
    client = start_prox(redirect("/there", status=status)).connect()
    assert client.exchange("POST", "/", body=b"data").status == status
    assert client.exchange("HEAD", "/").get("Location") == "/there"


def test_captures_and_route_variables(start_prox):
    config = redirect("https://{match.domain}.example.org/{where}", {"domain": "*.example.com"})
    config["services"]["web"]["routes"][0]["set"] = {"where": "here"}
    assert start_prox(config).connect().exchange(host="shop.example.com").get("Location") == "https://shop.example.org/here"


def test_no_line_of_the_answer_can_be_made_by_the_client(start_prox):
    response = start_prox(redirect("https://x.test/{path}")).fetch("/%0d%0aSet-Cookie:%20a=b")
    assert response.get("Location") == "https://x.test//%0D%0ASet-Cookie:%20a=b"
    assert response.get("Set-Cookie") is None


def test_of_a_whole_url_uri_is_path_and_query(start_prox):
    prox = start_prox(redirect("https://{domain}{uri}", {"forward_proxy": True}))
    for url, rest in ("http://a.test/x?y", "/x?y"), ("http://a.test", "/"), ("http://a.test?q", "?q"):
        assert prox.fetch(url).get("Location") == f"https://a.test{rest}"


@pytest.mark.parametrize("to", ["https://{domain}{uri}", "https://{domain}:8443/", "https://{domain}"])
def test_a_redirect_to_no_host_is_400(start_prox, to):
    client = start_prox(redirect(to)).connect()
    client.send(b"GET /x HTTP/1.0\r\n\r\n")
    response = client.read_response()
    assert (response.status, response.get("Location")) == (400, None)
