"""Certificates, sessions and client certificates of TLS services."""

import concurrent.futures
import re
import shutil
import ssl
import subprocess

import pytest

from lib.certs import Authority
from lib.prox import run, static
from lib.tls import TlsClient, shake_hands, tls_service, tls_site
from lib.upstream import Echoed


def shown(prox, ca, name):
    """The certificate that a client gets who asks for `name`, whatever it is for."""
    context = ca.client_context(check_hostname=False)
    return shake_hands(prox.port, context, name).certificate


# The choice by name


def test_certificate_is_chosen_by_name_then_wildcard_then_the_first_file(start_prox, ca, tmp_path):
    pairs = {base: ca.issue(*names).copy_to(tmp_path / "certs", base)
             for base, names in {"b": ["exact.a.test", "two.a.test"], "c": ["*.a.test"], "a": ["other.test"]}.items()}
    prox = start_prox(tls_site(tmp_path / "certs"))
    for name, base in {"exact.a.test": "b", "TWO.a.test": "b", "x.a.test": "c", "y.x.a.test": "a", "a.test": "a",
                       "unknown.test": "a", "other.test": "a", None: "a"}.items():
        assert shown(prox, ca, name) == pairs[base].leaf_der, name


def test_rsa_and_ecdsa_stand_side_by_side_for_one_name(start_prox, ca, tmp_path):
    rsa = ca.issue("a.test", key="rsa").copy_to(tmp_path / "certs", "a-rsa")
    ecdsa = ca.issue("a.test").copy_to(tmp_path / "certs", "a-ecdsa")
    prox = start_prox(tls_site(tmp_path / "certs"))
    for ciphers, pair in {"aRSA": rsa, "aECDSA": ecdsa}.items():
        context = ca.client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        assert shake_hands(prox.port, context, "a.test").certificate == pair.leaf_der
    for algorithms, pair in {"rsa_pss_rsae_sha256": rsa, "ecdsa_secp256r1_sha256": ecdsa}.items():
        done = s_client(prox, "-tls1_3", "-sigalgs", algorithms, "-servername", "a.test")
        assert ("RSA" if pair is rsa else "ECDSA") in re.search(r"Peer signature type: (\S+)", done)[1]


def s_client(prox, *args):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{prox.port}", *map(str, args)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=10).stdout


def test_chain_is_sent(start_prox, ca, tmp_path):
    middle = Authority(tmp_path, "middle", parent=ca)
    prox = start_prox(tls_site(middle.issue("a.test")))
    assert shake_hands(prox.port, ca.client_context(), "a.test")


def test_pem_may_hold_its_key_itself(start_prox, ca, tmp_path):
    pair = ca.issue("a.test")
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "both.PEM").write_bytes(pair.cert.read_bytes() + pair.key.read_bytes())
    (tmp_path / "certs" / ".hidden.pem").write_text("nothing")
    prox = start_prox(tls_site(tmp_path / "certs"))
    assert shown(prox, ca, "a.test") == pair.leaf_der


# Versions, ciphers, groups


def test_min_version_refuses_tls_1_2(start_prox, ca):
    prox = start_prox(tls_site(ca.issue("a.test"), tls_min_version="1.3"))
    assert shake_hands(prox.port, ca.client_context(), "a.test").version == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match="protocol version"):
        shake_hands(prox.port, ca.client_context(maximum_version=ssl.TLSVersion.TLSv1_2), "a.test")


def test_ciphers_are_ours_in_our_order(start_prox, ca):
    ciphers = ["TLS_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
               "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]  # OpenSSL's names and IANA's
    prox = start_prox(tls_site(ca.issue("a.test"), tls_ciphers=ciphers))
    assert shake_hands(prox.port, ca.client_context(), "a.test").cipher == "TLS_CHACHA20_POLY1305_SHA256"
    old = ca.client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
    old.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305")
    assert shake_hands(prox.port, old, "a.test").cipher == "ECDHE-ECDSA-CHACHA20-POLY1305"
    old.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with pytest.raises(ssl.SSLError, match="handshake failure"):
        shake_hands(prox.port, old, "a.test")


@pytest.mark.parametrize("versions, options, expected", [
    ("-tls1_3", ["-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"],
     "TLS_AES_128_GCM_SHA256"),
    ("-tls1_3", ["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"], "TLS_CHACHA20_POLY1305_SHA256"),
    ("-tls1_3", ["-ciphersuites", "TLS_AES_256_GCM_SHA384"], "TLS_AES_256_GCM_SHA384"),
    ("-tls1_2", ["-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"],
     "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("-tls1_2", ["-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"],
     "ECDHE-ECDSA-CHACHA20-POLY1305"),
])
def test_aes_of_128_bits_comes_first_unless_the_client_has_no_aes(start_prox, ca, versions, options, expected):
    prox = start_prox(tls_site(ca.issue("a.test")))
    assert f"Cipher is {expected}\n" in s_client(prox, versions, *options)


def test_curves_are_ours(start_prox, ca):
    prox = start_prox(tls_site(ca.issue("a.test"), tls_curves=["P-384"]))
    assert "P-384" in s_client(prox, "-groups", "X25519:P-384").replace("secp384r1", "P-384")
    assert "Cipher is (NONE)" in s_client(prox, "-groups", "X25519")


# Sessions


def resumed(prox, ca, sessions, **limits):
    """How many of the sessions are resumed, each by a connection of its own; and the new sessions."""
    context = ca.client_context(**limits)
    done = [shake_hands(prox.port, context, "a.test", session) for session in sessions]
    return sum(one.is_resumed for one in done), [one.session for one in done]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume_on_any_worker_and_across_reloads(start_prox, ca, version):
    config = {**tls_site(ca.issue("a.test")), "process": {"workers": 4}}
    prox = start_prox(config)
    context = ca.client_context(maximum_version=version)
    count, attempts, workers = 0, 400, set()
    session = shake_hands(prox.port, context, "a.test").session
    for attempt in range(attempts):
        if attempt in (100, 200, 300):
            prox.reload_ok()
        with TlsClient(prox.port, context, "a.test", session) as client:
            assert client.exchange().body == b"hello"
            count += client.socket.session_reused
            if attempt < 50:
                workers.add(prox.worker_of(client))
            session = client.socket.session
    assert len(workers) == 4
    assert count > 0.99 * attempts


def test_session_of_another_service_is_not_resumed(start_prox, ca):
    pair = ca.issue("a.test")
    prox = start_prox({"services": {"one": tls_service(pair), "two": tls_service(pair)}})
    context = ca.client_context()
    session = shake_hands(prox.ports[0], context, "a.test").session
    assert shake_hands(prox.ports[0], context, "a.test", session).is_resumed
    assert not shake_hands(prox.ports[1], context, "a.test", session).is_resumed


def test_session_from_before_client_certificates_is_not_resumed(start_prox, ca):
    pair = ca.issue("a.test")
    config = tls_site(pair)
    prox = start_prox(config)
    context = ca.client_context(ca.issue_client("/CN=bob"))
    session = shake_hands(prox.port, context, "a.test").session
    config["services"]["web"]["client_ca"] = str(ca.cert)
    prox.reload_ok(config)
    assert not shake_hands(prox.port, context, "a.test", session).is_resumed


# Client certificates


def test_client_certificate_is_required(start_prox, ca, tmp_path):
    prox = start_prox(tls_site(ca.issue("a.test"), client_ca=str(ca.cert)))
    assert shake_hands(prox.port, ca.client_context(ca.issue_client("/CN=bob")), "a.test")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(prox.port, ca.client_context(), "a.test")
    stranger = Authority(tmp_path, "stranger").issue_client("/CN=eve")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(prox.port, ca.client_context(stranger), "a.test")
    prox.wait_log('TLS handshake failed .*reason="peer did not return a certificate"')
    prox.wait_log('TLS handshake failed .*reason="the certificate\'s issuer is unknown"')


def test_optional_client_certificate_is_verified_when_it_is_shown(start_prox, ca, tmp_path):
    prox = start_prox(tls_site(ca.issue("a.test"), client_ca=str(ca.cert), client_auth="optional"))
    assert shake_hands(prox.port, ca.client_context(), "a.test")
    assert shake_hands(prox.port, ca.client_context(ca.issue_client("/CN=bob")), "a.test")
    stranger = Authority(tmp_path, "stranger").issue_client("/CN=eve")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake_hands(prox.port, ca.client_context(stranger), "a.test")


def test_client_certificate_is_told_to_the_upstream_and_cannot_be_claimed(start_prox, ca, echo):
    headers = {"X-Subject": "{tls.client.subject}", "X-Fingerprint": "sha256:{tls.client.fingerprint}", "X-Sni": "{sni}"}
    routes = [{"action": {"type": "proxy", "upstream": echo.address, "headers": headers}}]
    prox = start_prox(tls_site(ca.issue("a.test"), routes, client_ca=str(ca.cert), client_auth="optional"))
    bob = ca.issue_client("/O=Example, Inc./CN=bob")
    forged = [("X-Subject", "CN=admin"), ("x-fingerprint", "sha256:00")]
    for pair in (bob, None):
        with TlsClient(prox.port, ca.client_context(pair), "a.test") as client:
            for _ in range(2):
                seen = Echoed(client.exchange(fields=forged))
                assert seen.get("X-Subject") == ("CN=bob,O=Example\\, Inc." if pair else None)
                assert seen.get("X-Fingerprint") == "sha256:" + (pair.fingerprint if pair else "")
                assert seen.get("X-Sni") == "a.test"


# OCSP


def stapled(prox):
    return "OCSP Response Status: successful" in s_client(prox, "-status", "-servername", "a.test")


def test_ocsp_response_is_stapled(start_prox, ca, tmp_path):
    pair = ca.issue("a.test")
    response = ca.ocsp_response(pair)
    assert stapled(start_prox(tls_site(pair, ocsp_file=str(response))))
    beside = pair.copy_to(tmp_path / "certs", "a")
    prox = start_prox(tls_site(tmp_path / "certs"))
    assert not stapled(prox)
    shutil.copy(response, beside.cert.with_suffix(".ocsp"))
    prox.reload_ok()
    assert stapled(prox)


def test_ocsp_response_about_another_certificate_is_refused(new_prox, ca):
    response = ca.ocsp_response(ca.issue("b.test"))
    refused(new_prox(tls_site(ca.issue("a.test"), ocsp_file=str(response))), "is about another one")


# What is wrong with certificates is found at load


def refused(prox, reason):
    for command in ("-t", "serve"):
        done = run(*(["-t", "-c"] if command == "-t" else ["serve", "-config"]), prox.config_path)
        assert done.returncode == 1
        assert re.search(r"error: certificate \"[^\"]+\": .*" + reason, done.stderr), done.stderr
    done = run("validate", "-config", prox.config_path)
    assert done.returncode == 0 and reason in done.stderr, done.stderr


BAD = {
    "no such file": lambda pair, other: pair.cert.unlink(),
    "holds no certificate": lambda pair, other: pair.cert.write_text("nothing"),
    "cannot be parsed": lambda pair, other: pair.cert.write_bytes(pair.cert.read_bytes().replace(b"M", b"?", 1)),
    "holds no private key": lambda pair, other: pair.key.write_text("nothing"),
    "belongs to another one": lambda pair, other: pair.key.write_bytes(other.key.read_bytes()),
    "protected by a passphrase": lambda pair, other: encrypt(pair.key),
}


def encrypt(key):
    sealed = subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret"], check=True,
                            capture_output=True).stdout
    key.write_bytes(sealed)


@pytest.mark.parametrize("reason", BAD)
def test_bad_pair_is_refused_with_file_and_reason(new_prox, ca, tmp_path, reason):
    pair = ca.issue("a.test").copy_to(tmp_path / "certs", "a")
    BAD[reason](pair, ca.issue("a.test"))
    refused(new_prox(tls_site(pair)), reason if reason != "no such file" else "No such file")


def test_bad_directories_are_refused(new_prox, ca, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(new_prox(tls_site(empty)), "the directory holds no certificate")
    ca.issue("a.test").copy_to(tmp_path / "twice", "a")
    shutil.copy(tmp_path / "twice/a.crt", tmp_path / "twice/a.pem")
    refused(new_prox(tls_site(tmp_path / "twice")), "\"a.crt\" is there too")
    ca.issue("a.test").copy_to(tmp_path / "keyless", "a").key.unlink()
    refused(new_prox(tls_site(tmp_path / "keyless")), "its key \"a.key\" is missing")


@pytest.mark.parametrize("keys, problem", [
    ({"tls_ciphers": ["HIGH"]}, 'tls_ciphers: no cipher suite is named "HIGH"'),
    ({"tls_curves": ["P-257"]}, 'tls_curves: no key exchange group is named "P-257"'),
    ({"client_ca": "/nonexistent"}, 'client_ca: "/nonexistent": No such file or directory'),
])
def test_unknown_options_are_refused(new_prox, ca, keys, problem):
    prox = new_prox(tls_site(ca.issue("a.test"), **keys))
    done = run("-t", "-c", prox.config_path)
    assert done.returncode == 1 and f"error: {problem}" in done.stderr, done.stderr


@pytest.mark.parametrize("days, warning", [(-1, "it has expired on"), (10, "it expires on"), (20, None)])
def test_certificates_near_their_end_are_warned_of(start_prox, ca, days, warning):
    prox = start_prox(tls_site(ca.issue("a.test", days=days)))
    assert shown(prox, ca, "a.test") if days > 0 else True
    assert (f": {warning} 20" in prox.log()) == (warning is not None)


def test_certificate_for_no_route_is_warned_of(new_prox, ca):
    routes = [{"match": {"domain": "*.b.test"}, "action": static()}]
    for name, warned in {"a.test": True, "b.test": True, "x.b.test": False, "*.b.test": False}.items():
        prox = new_prox(tls_site(ca.issue(name), routes))
        done = run("validate", "-config", prox.config_path)
        assert ("it is for no domain that a route of this service is for" in done.stderr) == warned, name


# Reload


def test_new_certificate_is_shown_after_a_reload(start_prox, ca, tmp_path):
    pair = ca.issue("a.test").copy_to(tmp_path / "certs", "a")
    prox = start_prox(tls_site(pair))
    before = shown(prox, ca, "a.test")
    new = ca.issue("a.test").copy_to(tmp_path / "certs", "a")
    prox.reload_ok()
    assert before != shown(prox, ca, "a.test") == new.leaf_der


def test_bad_new_pair_is_refused_and_the_old_one_stays(start_prox, ca, tmp_path):
    pair = ca.issue("a.test").copy_to(tmp_path / "certs", "a")
    before = pair.leaf_der
    prox = start_prox(tls_site(pair))
    pair.key.write_bytes(ca.issue("a.test").key.read_bytes())
    done = prox.reload()
    assert done.returncode == 1
    assert f'certificate "{pair.cert}": the key "{pair.key}" belongs to another one' in done.stderr
    assert shown(prox, ca, "a.test") == before
    prox.wait_log("reload failed")


def test_keys_stay_out_of_the_log(start_prox, ca):
    pair = ca.issue("a.test")
    prox = start_prox(tls_site(pair))
    shown(prox, ca, "a.test")
    prox.reload_ok()
    assert not any(line in prox.log() for line in pair.key.read_text().splitlines()[1:-1])
