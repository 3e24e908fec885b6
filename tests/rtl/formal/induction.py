# SPDX-License-Identifier: Apache-2.0
"""Induction over one step, each assertion by itself: from a state in which all hold, through one transition, and with those
before it in the source already known of the next state. All at once is what yosys-smtbmc -i does, and z3 may not come to an end with it
where arithmetic of many bits goes round; one by one, without its incremental mode and by bits alone, it does in seconds.
"""
import re
import subprocess

LIMIT_S = 120  # for an assertion


def unroll(text, top):
    """The model of write_smt2 for states 0 and 1 as plain constants: its functions of a state, expanded, grow without end."""
    out = ["(set-logic QF_BV)"]
    for statement in re.split(r"\n(?=\()", re.sub(r"^;.*\n", "", text, flags=re.M)):
        statement = statement.strip()
        value = re.match(r"\(declare-fun \|([^|]*)\| \(\|%s_s\|\) (.*?)\)(?:\s*;.*)?$" % re.escape(top), statement, re.S)
        function = re.match(r"\(define-fun \|([^|]*)\| \((\([^)]*\)(?: \([^)]*\))*)\) ?(.*)$", statement, re.S)
        if value:
            out += ["(declare-fun |%s@%d| () %s)" % (value[1], state, value[2]) for state in (0, 1)]
        elif function:
            both = "next_state" in function[2]
            for state in (0,) if both else (0, 1):
                body = re.sub(r"\(\|([^|]*)\| next_state\)", r"|\1@1|", function[3])
                body = re.sub(r"\(\|([^|]*)\| state\)", r"|\1@%d|" % state, body)
                out.append("(define-fun |%s%s| () %s" % (function[1], "" if both else "@%d" % state, body))
        elif statement and not statement.startswith("(declare-sort"):
            raise ValueError("a statement that is neither value nor function: " + statement[:80])
    return "\n".join(out) + "\n"


def ask(query):
    run = subprocess.run(["z3", "-T:%d" % LIMIT_S, "-in"], input=query + "(check-sat)\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return run.stdout.strip()


def each_assertion(smt2, top):
    """Yields (good, line of the source, what z3 said) for each assertion; first that there is such a step at all."""
    text = open(smt2).read()
    query = unroll(text, top)
    query += "".join("(assert |%s_%s|)\n" % (top, what) for what in ("h@0", "h@1", "u@0", "u@1", "a@0", "t"))
    answer = ask(query)
    yield answer == "sat", "a step that all of this allows", answer
    for number, line in re.findall(r"^; yosys-smt2-assert (\d+) .*?-(\d+)\.\d+", text, re.M):
        answer = ask(query + "(assert (not |%s_a %s@1|))\n" % (top, number))
        yield answer == "unsat", "the assertion at line %s" % line, answer
        query += "(assert |%s_a %s@1|)\n" % (top, number)
