# SPDX-License-Identifier: Apache-2.0
"""What the tests of the suite "long" share: the root file system of Debian trixie, and TAP lines."""
import os
import sys

REPOSITORY = os.path.abspath(sys.argv[1])
ROOT = os.path.join(REPOSITORY, "build", "trixie-root")
# Of its own: QEMU comes with newer libraries from backports, which trixie's own development packages do not go with.
GUEST_ROOT = os.path.join(REPOSITORY, "build", "guest-root")
CANNOT = 77  # of scripts/trixie-root: no root, no debootstrap, no network


def enter(purposes):
    """The words before a command that is to run in there, with the packages of these purposes."""
    return [os.path.join(REPOSITORY, "scripts", "trixie-root"), "--purposes", purposes,
            GUEST_ROOT if purposes == "guest" else ROOT]


class Report:
    """TAP lines, with the plan at their end."""

    def __init__(self):
        self.count = self.failures = 0

    def line(self, good, name):
        self.count += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        return good

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failures else 0)
