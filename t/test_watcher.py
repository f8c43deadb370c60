"""Files that change are put into effect: once for each save, however it is done, and without losing a request."""

import contextlib
import json
import os
import shutil
import signal

import pytest

from lib import procfs
from lib.looping import looping, wait_all_go_on
from lib.ports import free_port
from lib.prox import service, static, static_site
from lib.tls import shake_hands, tls_service, tls_site
from lib.waits import SANITIZED, spread, wait_for, wait_until_still

# From a save to its effect, in seconds.
EFFECT = 9 if SANITIZED else 3
# Longer than a run of events lasts before it is acted on: when nothing has come by then, nothing will.
STILL = 0.7
STORM = 200
IDLE = 500


@contextlib.contextmanager
def under_load(prox):
    """Clients that ask all the time, each of whose requests must be answered."""
    with looping(prox.port, (True, True, False)) as clients:
        wait_all_go_on(clients)
        yield
        wait_all_go_on(clients)
    assert [client.failures for client in clients] == [[]] * len(clients)


def site(prox, body):
    return prox.render(static_site(body, prox.port))


def wait_reload(prox, verdicts, body, port=None):
    """Waits until exactly these reloads were decided since the start, and `body` is served."""
    wait_for(lambda: len(prox.reload_verdicts()) >= len(verdicts), EFFECT, "the reload")
    assert prox.reload_verdicts() == verdicts
    wait_for(lambda: prox.fetch(port=port or prox.port).body == body, EFFECT, f"{body!r} is served")
    wait_until_still(lambda: len(prox.reload_verdicts()), STILL, what="reloads")
    assert prox.reload_verdicts() == verdicts


def wait_ignored(prox, times=1):
    """Waits until events were looked at and found to change nothing."""
    wait_for(lambda: prox.log().count("files were touched, none has changed") >= times, EFFECT, "a look at the files")
    assert prox.reload_verdicts() == []


def port_of(one):
    """What a service of a config listens on."""
    return int(one["listen"].rpartition(":")[2])


def in_place(path, text):
    path.write_text(text)


def in_pieces(path, text):
    with open(path, "w") as file:
        for at in range(0, len(text), 16):
            file.write(text[at:at + 16])
            file.flush()


def renamed_over(path, text):
    """As sed -i, and editors that keep no copy."""
    fresh = path.with_name(".config.json5.new")
    fresh.write_text(text)
    os.replace(fresh, path)


def as_vim_does(path, text):
    backup = path.with_name("config.json5~")
    os.rename(path, backup)
    path.write_text(text)
    backup.unlink()


def deleted_and_made_again(path, text):
    path.unlink()
    path.write_text(text)


def a_copy_linked_in(path, text):
    fresh = path.with_name("fresh")
    fresh.write_text(text)
    path.unlink()
    os.link(fresh, path)


SAVES = [in_place, in_pieces, renamed_over, as_vim_does, deleted_and_made_again, a_copy_linked_in]


@pytest.mark.parametrize("save", SAVES)
def test_each_way_of_saving_is_one_reload(start_prox, save):
    prox = start_prox(static_site("old"), watch=True)
    with under_load(prox):
        save(prox.config_path, site(prox, "new"))
        wait_reload(prox, ["complete"], b"new")
        save(prox.config_path, site(prox, "newer"))
        wait_reload(prox, ["complete"] * 2, b"newer")


def test_config_map_that_kubernetes_swaps_is_one_reload(new_prox):
    """config.json5 -> ..data/config.json5, ..data -> a directory with a date in its name, which then goes."""
    prox = new_prox(static_site("old"), watch=True)
    home = prox.directory

    def swap(name, text):
        (home / name).mkdir()
        (home / name / "config.json5").write_text(text)
        os.symlink(name, home / "..data_tmp")
        os.rename(home / "..data_tmp", home / "..data")

    swap("..1", prox.config_text)
    prox.config_path.unlink()
    os.symlink("..data/config.json5", prox.config_path)
    prox.start()
    with under_load(prox):
        for number, last in ((2, 1), (3, 2)):
            swap(f"..{number}", site(prox, str(number)))
            shutil.rmtree(home / f"..{last}")
            wait_reload(prox, ["complete"] * (number - 1), str(number).encode())


def test_link_to_a_release_that_is_moved_is_one_reload(new_prox):
    prox = new_prox(static_site("1"), watch=True)
    for number in (1, 2):
        (prox.directory / f"release{number}").mkdir()
        (prox.directory / f"release{number}" / "site.json5").write_text(site(prox, str(number)))
    os.symlink("release1", prox.directory / "current")
    prox.config_path.unlink()
    os.symlink(prox.directory / "current" / "site.json5", prox.config_path)
    prox.start()
    with under_load(prox):
        os.symlink("release2", prox.directory / "next")
        os.rename(prox.directory / "next", prox.directory / "current")
        wait_reload(prox, ["complete"], b"2")
        (prox.directory / "release1" / "site.json5").write_text("nobody reads this")
        (prox.directory / "release2" / "site.json5").write_text(site(prox, "3"))
        wait_reload(prox, ["complete"] * 2, b"3")


def test_directory_that_is_put_in_the_place_of_another_is_one_reload(new_prox):
    prox = new_prox(static_site("old"), watch=True)
    conf, other = prox.directory / "conf", prox.directory / "other"
    for directory, body in ((conf, "old"), (other, "new")):
        directory.mkdir()
        (directory / "config.json5").write_text(site(prox, body))
    prox.config_path.unlink()
    os.symlink("conf/config.json5", prox.config_path)
    prox.start()
    with under_load(prox):
        os.rename(conf, prox.directory / "gone")
        os.rename(other, conf)
        wait_reload(prox, ["complete"], b"new")


def test_touch_and_chmod_are_no_change(start_prox):
    prox = start_prox(static_site("same"), watch=True)
    os.utime(prox.config_path)
    wait_ignored(prox)
    prox.config_path.chmod(0o640)
    wait_ignored(prox, 2)
    renamed_over(prox.config_path, prox.config_text)
    wait_ignored(prox, 3)


def test_files_beside_the_config_are_no_event(start_prox):
    prox = start_prox(static_site("same"), watch=True)
    log = prox.directory / "access.log"
    with open(log, "a") as file:
        for number in range(1000):
            file.write(f"{number}\n")
            file.flush()
    os.rename(log, prox.directory / "access.log.1")
    (prox.directory / "config.json5.swp").write_text("an editor's")
    prox.fetch()
    wait_until_still(lambda: len(prox.log()), STILL, what="the log")
    assert "touched" not in prox.log(), prox.log_tail()
    assert prox.reload_verdicts() == []


def test_resource_that_is_edited_is_one_reload(new_prox):
    prox = new_prox(static_site("old"), watch=True)
    page = prox.directory / "pages" / "index.html"
    page.parent.mkdir()
    page.write_text("old")
    action = {"type": "static", "status": 200, "body_ref": {"file": "pages/index.html"}}
    prox.write_config({"services": {"web": service([{"action": action}], prox.port)}})
    prox.start()
    with under_load(prox):
        page.write_text("new")
        wait_reload(prox, ["complete"], b"new")
        renamed_over(page, "newer")
        wait_reload(prox, ["complete"] * 2, b"newer")
        page.unlink()
        wait_reload(prox, ["complete", "complete", "failed"], b"newer")
        page.write_text("newest")
        wait_reload(prox, ["complete", "complete", "failed", "complete"], b"newest")


def test_files_of_services_and_of_routes_are_watched(start_prox):
    """The names that a load finds are watched from then on, so that a new file of routes is, too."""
    prox = start_prox(static_site("root"), watch=True)
    services = prox.directory / "services"
    services.mkdir()
    port, more = free_port(), free_port()
    (services / "routes.txt").write_text(json.dumps([{"action": static("1")}]))
    (services / "web.json5").write_text(json.dumps(service(["./routes.txt"], port)))
    with under_load(prox):
        root = {"services": {"site": static_site("root", prox.port)["services"]["web"], "_all": "./services/"}}
        prox.config_path.write_text(prox.render(root))
        wait_reload(prox, ["complete"], b"1", port)
        (services / "routes.txt").write_text(json.dumps([{"action": static("2")}]))
        wait_reload(prox, ["complete"] * 2, b"2", port)
        renamed_over(services / "web.json5", json.dumps(service([{"action": static("3")}], port)))
        wait_reload(prox, ["complete"] * 3, b"3", port)
        (services / "more.json5").write_text(json.dumps(service([{"action": static("4")}], more)))
        wait_reload(prox, ["complete"] * 4, b"4", more)
        (services / "more.json5").unlink()
        wait_reload(prox, ["complete"] * 5, b"3", port)
    wait_for(lambda: more not in procfs.listening_ports(), what="the service that is gone ends")


def test_file_that_is_missing_takes_effect_when_it_comes(start_prox):
    prox = start_prox(static_site("old"), watch=True)
    port = free_port()
    root = {"services": {"site": static_site("new", prox.port)["services"]["web"], "later": "./later/later.json5"}}
    prox.config_path.write_text(prox.render(root))
    wait_reload(prox, ["failed"], b"old")
    later = prox.directory / "later"
    later.mkdir()
    (later / "later.json5").write_text(json.dumps(service([{"action": static("later")}], port)))
    wait_reload(prox, ["failed", "complete"], b"later", port)


def test_new_file_in_a_directory_that_is_the_config_is_one_reload(new_prox):
    prox = new_prox(static_site("old"), watch=True)
    conf = prox.config_path
    conf.unlink()
    conf.mkdir()
    (conf / "_global.json5").write_text(json.dumps({"process": {"workers": 1, "pid_file": str(prox.pid_path)}}))
    (conf / "web.json5").write_text(json.dumps(service([{"action": static("old")}], prox.port)))
    prox.start()
    port = free_port()
    with under_load(prox):
        (conf / "more.json5").write_text(json.dumps(service([{"action": static("more")}], port)))
        wait_reload(prox, ["complete"], b"more", port)
        (conf / "access.log").write_text("no config")
        (conf / "web.json5").write_text(json.dumps(service([{"action": static("new")}], prox.port)))
        wait_reload(prox, ["complete"] * 2, b"new")


def wait_certificate(prox, port, ca, name, pair):
    wait_for(lambda: shake_hands(port, ca.client_context(), name).certificate == pair.leaf_der, EFFECT,
             "the new certificate is shown")


@pytest.mark.parametrize("names", ["a file", "a directory"])
def test_ocsp_response_that_comes_is_one_reload(new_prox, ca, names):
    prox = new_prox(None, watch=True)
    issued = ca.issue("a.test")
    response = ca.ocsp_response(issued)
    pair = issued.copy_to(prox.directory / "certs", "site")
    site = tls_site(pair if names == "a file" else pair.cert.parent)
    prox.write_config(site)
    prox.ports = [port_of(site["services"]["web"])]
    prox.start()
    shutil.copy(response, pair.cert.with_suffix(".ocsp"))
    wait_for(lambda: prox.reload_verdicts() == ["complete"], EFFECT, "the response is loaded")


def test_certificate_that_is_replaced_is_one_reload(new_prox, ca):
    prox = new_prox(static_site("plain"), watch=True)
    pair = ca.issue("a.test").copy_to(prox.directory / "certs", "site")
    tls = tls_service(pair)
    prox.write_config({"services": {"web": static_site("plain", prox.port)["services"]["web"], "tls": tls}})
    prox.start()
    with under_load(prox):
        for number, put in enumerate((in_place, renamed_over), 1):
            fresh = ca.issue("a.test")
            for old, new in ((pair.cert, fresh.cert), (pair.key, fresh.key)):
                put(old, new.read_text())
            wait_reload(prox, ["complete"] * number, b"plain")
            wait_certificate(prox, port_of(tls), ca, "a.test", fresh)


def test_pair_that_comes_into_a_directory_of_certificates_is_one_reload(new_prox, ca):
    prox = new_prox(static_site("plain"), watch=True)
    ca.issue("a.test").copy_to(prox.directory / "certs", "a")
    tls = tls_service(prox.directory / "certs")
    prox.write_config({"services": {"web": static_site("plain", prox.port)["services"]["web"], "tls": tls}})
    prox.start()
    fresh = ca.issue("b.test")
    fresh.copy_to(prox.directory / "certs", "b")
    wait_reload(prox, ["complete"], b"plain")
    wait_certificate(prox, port_of(tls), ca, "b.test", fresh)
    renewed = ca.issue("b.test")
    renewed.copy_to(prox.directory / "certs", "b")
    wait_reload(prox, ["complete"] * 2, b"plain")
    wait_certificate(prox, port_of(tls), ca, "b.test", renewed)


def test_bad_save_changes_nothing_and_is_told_once(start_prox):
    prox = start_prox(static_site("old"), watch=True)
    workers = prox.wait_workers(2)
    with under_load(prox):
        prox.config_path.write_text("{ services: ")
        wait_reload(prox, ["failed"], b"old")
        assert prox.log().count("config.json5:1:13: ") == 1
        os.utime(prox.config_path)
        renamed_over(prox.config_path, "{ services: ")
        wait_reload(prox, ["failed"], b"old")
        assert prox.wait_workers(2) == workers
        prox.config_path.write_text(site(prox, "new"))
        wait_reload(prox, ["failed", "complete"], b"new")


def test_config_that_was_gone_for_a_while_takes_effect_when_it_is_back(start_prox):
    prox = start_prox(static_site("old"), watch=True)
    with under_load(prox):
        prox.config_path.unlink()
        wait_reload(prox, ["failed"], b"old")
        prox.config_path.write_text(site(prox, "new"))
        wait_reload(prox, ["failed", "complete"], b"new")


def test_save_while_a_reload_is_under_way_is_not_lost(start_prox):
    prox = start_prox(static_site("0"), watch=True)
    for number in range(1, 6):
        prox.config_path.write_text(site(prox, str(number)))
        prox.hup()
    wait_for(lambda: prox.fetch().body == b"5", EFFECT, "the last save is served")


def test_save_that_was_reloaded_by_hand_is_not_reloaded_again(start_prox):
    prox = start_prox(static_site("old"), watch=True)
    assert prox.hup(static_site("new", prox.port))
    wait_reload(prox, ["complete"], b"new")


def test_storm_of_saves_is_few_reloads_and_ends_with_the_last(start_prox):
    prox = start_prox(static_site("old"), watch=True)
    with under_load(prox):
        for number in spread(STORM, seconds=2):
            SAVES[number % len(SAVES)](prox.config_path, site(prox, str(number)))
        wait_for(lambda: prox.fetch().body == str(STORM - 1).encode(), EFFECT, "the last save is served")
        wait_until_still(lambda: len(prox.reload_verdicts()), STILL, what="reloads")
    assert 1 <= prox.reload_verdicts().count("complete") <= 3
    prox.wait_workers(2)


def test_idle_connections_outlive_a_storm_of_saves_and_signals(start_prox):
    prox = start_prox(static_site("old"), watch=True)
    idle = [prox.connect() for _ in range(IDLE)]
    assert {client.exchange().body for client in idle[::2]} == {b"old"}
    for number in spread(30, seconds=3):
        # At one stroke: a reload that the signal before has begun may read the file at this moment.
        new = prox.config_path.with_suffix(".new")
        new.write_text(site(prox, str(number)))
        new.rename(prox.config_path)
        prox.signal(signal.SIGHUP)
    wait_until_still(lambda: len(prox.reload_verdicts()), STILL, what="reloads")
    assert {client.exchange().body for client in idle} == {b"29"}
    assert set(prox.reload_verdicts()) == {"complete"}
    prox.wait_workers(2)


def test_without_watching_only_a_signal_reloads(start_prox):
    prox = start_prox(static_site("old"), watch=False)
    prox.config_path.write_text(site(prox, "new"))
    wait_until_still(lambda: len(prox.log()), STILL, what="the log")
    assert prox.fetch().body == b"old"
    assert prox.hup()
    wait_for(lambda: prox.fetch().body == b"new", what="the new config")


def test_workers_do_not_hold_the_watches(start_prox):
    prox = start_prox(static_site("x"), watch=True)

    def inotify_descriptors(pid):
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        return links.count("anon_inode:inotify")

    assert inotify_descriptors(prox.pid) == 1
    assert [inotify_descriptors(worker) for worker in prox.wait_workers(2)] == [0, 0]
