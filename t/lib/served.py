"""A directory of files, a prox that serves it, and what may happen to a file."""

import os

import pytest

from .prox import service

PAGE = b"<!doctype html><title>hello</title>\n"
BIG = bytes(range(256)) * 4096  # 1 MiB, above what is kept in memory


def files_config(match=None, **action):
    route = {"action": {"type": "serve", **action}}
    if match:
        route["match"] = match
    return {"services": {"web": service([route])}}


@pytest.fixture
def root(public):
    """A directory of files."""
    top = public
    (top / "css").mkdir()
    (top / "empty").mkdir()
    (top / "index.html").write_bytes(PAGE)
    (top / "css" / "app.css").write_bytes(b"body{}\n")
    (top / "big.bin").write_bytes(BIG)
    (top / "nothing.txt").write_bytes(b"")
    (top / ".secret").write_bytes(b"secret")
    (top / ".well-known").mkdir()
    (top / ".well-known" / "security.txt").write_bytes(b"Contact: me\n")
    return top


@pytest.fixture
def site(start_prox, root):
    return start_prox(files_config(root=str(root), match={"path": "/*"}))


CHANGES = ["truncated", "appended to", "written anew", "replaced", "deleted"]


def change(file, how, size):
    """Something happens to a file, after which who asks for it gets other bytes, `size` of them where all are new, or none."""
    if how == "truncated":
        os.truncate(file, 10)
    elif how == "appended to":
        with open(file, "ab") as end:
            end.write(b"more")
    elif how == "written anew":
        with open(file, "r+b") as content:
            content.write(b"x" * size)
    elif how == "deleted":
        file.unlink()
    else:
        file.with_name("other").write_bytes(b"x" * size)
        file.with_name("other").rename(file)
