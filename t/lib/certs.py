"""Certificate authorities and certificates for tests, made with the openssl program.

An `Authority` writes everything into one directory. Elliptic keys by default: they take a millisecond.
"""

import base64
import dataclasses
import functools
import hashlib
import pathlib
import ssl
import subprocess

_NEW_KEY = {
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-newkey", "rsa:2048"],
    "ed25519": ["-newkey", "ed25519"],
}


@dataclasses.dataclass
class Pair:
    """A certificate (with its chain, if it has one) and its private key, as PEM files."""

    cert: pathlib.Path
    key: pathlib.Path

    @functools.cached_property
    def leaf_der(self):
        return ssl.PEM_cert_to_DER_cert(self.cert.read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")

    @property
    def fingerprint(self):
        """SHA-256 of the certificate, lower-case hex."""
        return hashlib.sha256(self.leaf_der).hexdigest()

    @property
    def key_digest(self):
        """SHA-256 of the public key (SPKI), in base64: what browsers pin."""
        lines = _openssl("pkey", "-in", self.key, "-pubout").splitlines()[1:-1]
        return base64.b64encode(hashlib.sha256(base64.b64decode("".join(lines))).digest()).decode()

    def copy_to(self, directory, base):
        """Puts the pair into a directory as <base>.crt and <base>.key, one right behind the other."""
        directory = pathlib.Path(directory)
        directory.mkdir(exist_ok=True)
        pair = Pair(directory / f"{base}.crt", directory / f"{base}.key")
        prepared = [new.with_name(new.name + ".new") for new in (pair.cert, pair.key)]
        for file, old in zip(prepared, (self.cert, self.key)):
            file.write_bytes(old.read_bytes())
        for file in prepared:
            file.rename(file.with_suffix(""))
        return pair


class Authority:
    """A certificate authority. `parent` makes it an intermediate one, whose certificates carry it as their chain."""

    def __init__(self, directory, name="test CA", key="ec", parent=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.parent = parent
        self._count = 0
        self._stem = self.directory / name.replace(" ", "-")
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                      "subjectKeyIdentifier=hash"]
        if parent:
            self.pair = parent.sign(self._stem, f"/CN={name}", extensions, key)
        else:
            self.pair = Pair(self._stem.with_suffix(".crt"), self._stem.with_suffix(".key"))
            added = [word for extension in extensions for word in ("-addext", extension)]
            _openssl("req", "-x509", *_NEW_KEY[key], "-nodes", "-keyout", self.pair.key, "-out", self.pair.cert,
                     "-days", "30", "-subj", f"/CN={name}", *added)

    @property
    def cert(self):
        """The file that clients trust."""
        return self.pair.cert

    def issue(self, *names, key="ec", days=60, subject=None, usage="serverAuth", base=None):
        """A certificate for DNS names and IP addresses; days=-1 makes one that has expired. `subject` as "/O=x/CN=y"."""
        self._count += 1
        stem = self.directory / (base or f"{self._stem.name}-{self._count}")
        alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
        extensions = [f"extendedKeyUsage={usage}", *([f"subjectAltName={alternatives}"] if names else [])]
        return self.sign(stem, subject or f"/CN={names[0]}", extensions, key, days)

    def issue_client(self, subject, **more):
        """A certificate for a client."""
        return self.issue(subject=subject, usage="clientAuth", **more)

    def sign(self, stem, subject, extensions, key, days=30):
        pair = Pair(stem.with_name(stem.name + ".crt"), stem.with_name(stem.name + ".key"))
        request, config = stem.with_name(stem.name + ".csr"), stem.with_name(stem.name + ".ext")
        _openssl("req", "-new", *_NEW_KEY[key], "-nodes", "-keyout", pair.key, "-out", request, "-subj", subject)
        config.write_text("\n".join(["authorityKeyIdentifier=keyid", *extensions]) + "\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.pair.cert, "-CAkey", self.pair.key, "-CAcreateserial",
                 "-days", str(days), "-extfile", config, "-out", pair.cert)
        if self.parent:
            pair.cert.write_bytes(pair.cert.read_bytes() + self.pair.cert.read_bytes())
        return pair

    def ocsp_response(self, pair, status="V", days=7):
        """An OCSP response about a certificate of this authority, DER: "V" good, "R" revoked. Returns its path."""
        stem = pair.cert.with_suffix("")
        serial = _openssl("x509", "-in", pair.cert, "-noout", "-serial").split("=")[1].strip()
        index, request, response = (stem.with_name(stem.name + end) for end in (".index", ".req", ".resp"))
        revoked = "251101000000Z" if status == "R" else ""
        index.write_text(f"{status}\t491231000000Z\t{revoked}\t{serial}\tunknown\t/CN=x\n")
        _openssl("ocsp", "-issuer", self.pair.cert, "-cert", pair.cert, "-no_nonce", "-reqout", request)
        _openssl("ocsp", "-index", index, "-CA", self.pair.cert, "-rsigner", self.pair.cert, "-rkey", self.pair.key,
                 "-reqin", request, "-respout", response, "-ndays", str(days))
        return response

    def client_context(self, pair=None, **attributes):
        """An SSLContext that trusts this authority; with `pair` it shows that certificate."""
        context = ssl.create_default_context(cafile=str(self.root_cert))
        if pair:
            context.load_cert_chain(pair.cert, pair.key)
        for name, value in attributes.items():
            setattr(context, name, value)
        return context

    @property
    def root_cert(self):
        return self.parent.root_cert if self.parent else self.cert


def server_context(pair, ca=None):
    """An SSLContext of an origin; with `ca` (a file) it wants client certificates from there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    if ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)
    return context


def _is_address(name):
    return ":" in name or name.replace(".", "").isdigit()


def _openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {args[0]}: {done.stderr}"
    return done.stdout
