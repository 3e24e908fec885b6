# SPDX-License-Identifier: Apache-2.0
"""The operator's command: what it prints, as text and as JSON, and what it says to wrong usage."""
import json
import os
import subprocess

from harness import check, equal, main, test

GLACIS = os.environ["GLACIS"]
SIZES = [2048, 3072, 4096]


def glacis(*arguments, status=0):
    """Runs glacis and returns (stdout, stderr); the exit status must be `status`."""
    done = subprocess.run([GLACIS, *arguments], capture_output=True, text=True, timeout=120, check=False)
    equal(done.returncode, status, f"glacis {' '.join(arguments)}: {done.stderr}")
    check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr)
    return done.stdout, done.stderr


def cpu_of(*arguments):
    devices = json.loads(glacis("devices", "--json", *arguments)[0])["devices"]
    equal([device["name"] for device in devices], ["cpu"], "devices")
    return devices[0]


@test
def devices_describe_the_processor():
    cpu = cpu_of()
    with open("/proc/cpuinfo", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].replace("\t", "").splitlines())
    equal(cpu["model"], fields["model name"].strip(), "model")
    equal(cpu["cores"], os.sysconf("SC_NPROCESSORS_ONLN"), "cores")
    for name, there in cpu["flags"].items():
        equal(there, name in fields["flags"].split(), name)
    check(cpu["records"]["backend"].startswith("intel-ipsec-mb "), cpu["records"])
    check("rates" not in cpu, "rates without --rates")


@test
def devices_tell_from_how_many_on_lanes_pay():
    cpu = cpu_of()
    equal([size["bits"] for size in cpu["rsa"]["sizes"]], SIZES, "sizes")
    for size in cpu["rsa"]["sizes"]:
        if size["lanes_from"] is None:
            check(size["why"], size)
        else:
            check(cpu["flags"]["avx512ifma"] and 1 <= size["lanes_from"] <= 8, size)
    from_ = cpu["x25519"]["lanes_from"]
    check(1 <= from_ <= 8 if cpu["flags"]["avx512ifma"] else from_ is None, cpu["x25519"])


@test
def rates_are_measured_when_asked_for():
    rates = cpu_of("--rates")["rates"]
    equal(sorted(rates), ["aes-128-gcm", "aes-256-gcm", "rsa-2048", "rsa-3072", "rsa-4096"], "rates")
    for name, rate in rates.items():
        equal(len(rate), 2, name)
        check(all(figure > 0 for figure in rate.values()), rate)
    check(rates["rsa-2048"]["sign_per_s_single"] > rates["rsa-4096"]["sign_per_s_single"], rates)


@test
def devices_as_text_say_the_same():
    cpu = cpu_of()
    text = glacis("devices")[0]
    for wanted in [cpu["model"], cpu["records"]["backend"], cpu["rsa"]["backend"], "4096 bits:", "X25519 "]:
        check(wanted in text, f"{wanted} is not in {text}")
    check("rates" not in text, text)
    check("GB/s" in glacis("devices", "--rates")[0], "no rates in the text")


@test
def selftest_passes_line_by_line():
    lines = glacis("selftest")[0].splitlines()
    check(len(lines) > 30, f"only {len(lines)} lines")
    equal([line for line in lines if not line.startswith("ok ")], [], "lines that are not ok")
    for wanted in ["aes-256-gcm in-place McGrew-Viega-16", "tls-1.2 aes-128-gcm records", "tls-1.3 aes-256-gcm records",
                   "rsa-2048 pkcs1 single", "rsa-4096 pss single", "x25519 RFC-7748 alone", "x25519 as-OpenSSL burst"]:
        check(f"ok {wanted}" in lines, f"no check {wanted}")


@test
def selftest_in_json_has_the_same_checks():
    report = json.loads(glacis("selftest", "--json")[0])
    check(report["ok"] is True, report)
    check(all(one["ok"] is True for one in report["checks"]), report)
    names = [line[len("ok "):] for line in glacis("selftest")[0].splitlines()]
    # Which sizes use lanes is measured by each run, on a machine that may be busy.
    equal([one["name"] for one in report["checks"] if "lanes" not in one["name"]],
          [name for name in names if "lanes" not in name], "checks")


@test
def doctor_names_what_helps():
    report = json.loads(glacis("doctor", "--json")[0])
    equal(report["ok"], True, "ok")
    verdicts = {one["name"]: one for one in report["checks"]}
    for name in ["processor", "libglacis", "kernel", "memlock", "module", "cards", "hugepages", "iommu", "vfio"]:
        check(verdicts[name]["found"], f"{name}: {verdicts[name]}")
        equal("fix" in verdicts[name], verdicts[name]["verdict"] != "ok", f"{name}: a fix where one is needed")
    text = glacis("doctor")[0]
    equal(text.count("try: "), sum("fix" in one for one in report["checks"]), "fixes in the text")


@test
def a_card_that_is_not_there_is_named():
    for command in ["devices", "selftest"]:
        out, error = glacis(command, "--device", "vfio-user:/nowhere", status=1)
        check("/nowhere" in out + error or "glacis-cryptodev.so" in out + error, out + error)


@test
def wrong_usage_is_named_and_ends_with_64():
    for arguments, word in [(["devises"], "'devises'"), ([], "a command is missing"), (["devices", "all"], "'all'"),
                            (["selftest", "--jason"], "--jason"), (["--nothing"], "--nothing")]:
        out, error = glacis(*arguments, status=64)
        equal(out, "", "stdout")
        check(word in error and "--help" in error, f"{arguments}: {error}")


@test
def help_and_version_work_everywhere():
    check(glacis("--version")[0].startswith("glacis "), "version")
    out = glacis("--help")[0]
    check("  devices " in out and "  selftest " in out, out)
    for command in ["devices", "doctor", "selftest"]:
        check("--json" in glacis(command, "--help")[0], command)


@test
def output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        for command in ["devices", "doctor", "selftest"]:
            done = subprocess.run([GLACIS, command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120,
                                  check=False)
            equal(done.returncode, 1, command)
            check("cannot write" in done.stderr, done.stderr)


main()
