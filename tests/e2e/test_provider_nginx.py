# SPDX-License-Identifier: Apache-2.0
"""Debian's nginx with glacis.so: no patch, no line in nginx.conf. Workers, reloads under load, nothing left behind."""
import os
import re
import signal

import harness
from harness import SCALE, SCRATCH, Skip, check, equal, main, need, run, test
from provider_run import Configuration, module_folder, sanitized
from provider_server import Handshakes, Server, children, descriptors, memory, settled

# How many handshakes are made while memory and descriptors are watched; the long suite makes 100,000.
HANDSHAKES = int(os.environ.get("GLACIS_PROVIDER_HANDSHAKES", "5000")) // SCALE

NGINX = """
daemon off;
worker_processes 3;
pid FOLDER/nginx.pid;
error_log FOLDER/nginx-error.log warn;
events { worker_connections 2000; }
http {
    access_log off;
    ssl_certificate CERT;
    ssl_certificate_key KEY;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:1m;
    client_body_temp_path FOLDER/nginx-body;
    proxy_temp_path FOLDER/nginx-proxy;
    fastcgi_temp_path FOLDER/nginx-fastcgi;
    uwsgi_temp_path FOLDER/nginx-uwsgi;
    scgi_temp_path FOLDER/nginx-scgi;
    server {
        listen 127.0.0.1:PORT ssl http2;
        root FOLDER/www;
    }
}
"""

os.makedirs(os.path.join(SCRATCH, "www"), exist_ok=True)
with open(os.path.join(SCRATCH, "www", "index.html"), "wb") as page:
    page.write(b"hello\n")
with open(os.path.join(SCRATCH, "www", "big"), "wb") as big_file:
    big_file.write(os.urandom(20_000_000 // SCALE))


def nginx(configuration, certificate="rsa"):
    with open(os.path.join(SCRATCH, "nginx-error.log"), "w", encoding="ascii"):
        pass
    os.chmod(os.path.join(SCRATCH, "nginx-error.log"), 0o666)
    return Server(configuration, [need("nginx"), "-c", "CONFIG", "-e", os.path.join(SCRATCH, "nginx-error.log")], NGINX,
                  certificate, stop=signal.SIGQUIT)


def errors():
    """What nginx complains of, without the notice of a worker's connections that a client has left."""
    with open(os.path.join(SCRATCH, "nginx-error.log"), encoding="utf-8", errors="replace") as file:
        return [line for line in file if re.search(r"\[(alert|crit|emerg|error)\]", line)]


@test
def serves_all_versions_and_carries_files():
    configuration = Configuration()
    for certificate in ("rsa", "rsa3072", "ecdsa"):
        with nginx(configuration, certificate) as server:
            for flags in (["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"], ["--http2"]):
                got = os.path.join(SCRATCH, "got")
                run(need("curl"), "-sS", "--fail", "--cacert", server.certificate.cert, *flags, "-o", got,
                    server.url("/big"))
                with open(got, "rb") as one, open(os.path.join(SCRATCH, "www", "big"), "rb") as other:
                    check(one.read() == other.read(), f"the same bytes with {flags}")
        equal(errors(), [], "nginx's errors")
    counters = configuration.counters()
    check(counters["aes-ipsec-mb"] > 1000 // SCALE, f"records by ipsec-mb: {counters}")
    check(counters["rsa-openssl-no-job"] >= 6, f"nginx has no jobs: {counters}")
    equal(counters["rsa-lanes"], 0, "operations in lanes")


@test
def survives_wrk_and_h2load():
    configuration = Configuration()
    with nginx(configuration) as server:
        seconds = 1 if SCALE > 1 else 3
        done = run(need("wrk"), "-t2", "-c50", f"-d{seconds}s", server.url()).stdout.decode()
        check("Socket errors" not in done and "Non-2xx" not in done, f"wrk: {done}")
        done = run(need("h2load"), "-n", str(4000 // SCALE), "-c", "20", "-m", "10", server.url()).stdout.decode()
        check(re.search(r" 0 failed, 0 errored, 0 timeout", done), f"h2load: {done}")
        equal(errors(), [], "nginx's errors")
    check(configuration.counters()["aes-ipsec-mb"] > 1000, configuration.counters())


@test
def is_reloaded_20_times_under_load():
    configuration = Configuration()
    with nginx(configuration) as server:
        with Handshakes(server) as load:
            load.expect(100 // SCALE + 5)
            for reload in range(21):
                old = set(children(server.pid))
                server.process.send_signal(signal.SIGHUP)
                harness.eventually(lambda old=old: len(set(children(server.pid)) - old) == 3, "3 new workers")
                load.expect(100 // SCALE + 5)
                if reload == 0:
                    settled(lambda: len(children(server.pid)), 3, "workers after the first reload")
                    files, used = descriptors(server.pid), memory(server.pid)
            load.ended.set()
            load.join(60)
            equal(load.failed, 0, f"handshakes that failed ({load.why})")
        settled(lambda: len(children(server.pid)), 3, "workers: old ones have ended")
        settled(lambda: descriptors(server.pid), files, "descriptors of the master after 20 reloads")
        check(sanitized() or memory(server.pid) < used + 3_000_000,
              f"memory of the master: {memory(server.pid)}, {used} after the first reload")
        equal(errors(), [], "nginx's errors")
    # The master, and at least 3 workers of each of 22 generations, had each a line of status at its end.
    ended = {re.search(r"pid (\d+)", line).group(1) for line in configuration.lines()}
    check(len(ended) >= 1 + 3 * 22, f"{len(ended)} processes ended with a line of status")
    counters = configuration.counters()
    check(counters["rsa-openssl-no-job"] >= 2000 // SCALE, f"{counters}")


@test
def keeps_nothing_of_its_connections():
    configuration = Configuration()
    with nginx(configuration) as server:
        with Handshakes(server, clients=8) as load:
            load.expect(1000 // SCALE, 120)
        workers = children(server.pid)
        settled(lambda: max(descriptors(worker) for worker in workers), 40, "descriptors of a quiet worker")
        files, used = [descriptors(w) for w in workers], [memory(w) for w in workers]
        with Handshakes(server, clients=8) as load:
            load.expect(HANDSHAKES, 60 + HANDSHAKES / 20)
        equal(load.failed, 0, f"handshakes that failed ({load.why})")
        settled(lambda: max(now - before for now, before in zip([descriptors(w) for w in workers], files)), 0,
                "more descriptors of a worker")
        grown = max(now - before for now, before in zip([memory(w) for w in workers], used))
        check(sanitized() or grown < 2_000_000, f"a worker grew by {grown} bytes in {HANDSHAKES} handshakes")
        equal(children(server.pid), workers, "no worker died")


@test
def is_stopped_in_the_middle():
    """SIGTERM with handshakes under way: every process ends by itself."""
    configuration = Configuration()
    server = nginx(configuration)
    server.stop = signal.SIGTERM
    with server:
        with Handshakes(server) as load:
            load.expect(20)
            master = server.pid
            workers = children(master)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(30)
            load.ended.set()
        for worker in workers:
            check(not os.path.exists(f"/proc/{worker}"), "a worker is left")


@test
def runs_the_sample_of_scripts():
    if sanitized():
        raise Skip("the sample knows nothing of sanitizers")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "provider-demo")
    os.environ["GLACIS_MODULES"] = module_folder()
    done = run(script, "nginx", "--port", str(harness.free_port()), "--check")
    check(b"aes-ipsec-mb=" in done.stdout, f"the line of status: {done.stdout}")


main()
