# SPDX-License-Identifier: Apache-2.0
"""The small image of fpga_bitstreams/images is made again from the commit that its manifest names, and has the same bytes.

Called with the repository's path. That commit's tree is laid into build/, with the same trixie root, so that only the first
run takes long.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

REPOSITORY = pathlib.Path(sys.argv[1])
SMALL = "ecp5-evn-rsa"


def finish(good, why=None, skip=False):
    print(f"{'ok' if good else 'not ok'} 1 - {SMALL} has the same bytes{' # SKIP ' + why if skip else ''}")
    if why and not skip:
        for line in why.splitlines():
            print(f"# {line}")
    print("1..1")
    sys.exit(0 if good else 1)


def lay_tree(commit):
    """The tree of that commit, whose tools find their root by a link."""
    tree = REPOSITORY / "build/image-tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", REPOSITORY, "archive", commit], capture_output=True, check=False)
    if archive.returncode:
        finish(True, f"this clone has no commit {commit}", skip=True)
    subprocess.run(["tar", "x", "-C", tree], input=archive.stdout, check=True)
    (tree / "COMMIT").write_text(commit + "\n", encoding="ascii")
    (tree / "build").mkdir()
    os.symlink(REPOSITORY / "build/synth-root", tree / "build/synth-root")
    return tree


def main():
    folder = next((REPOSITORY / "fpga_bitstreams/images").glob(f"{SMALL}-*"), None)
    if not folder:
        finish(False, f"there is no image {SMALL}")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    tree = lay_tree(manifest["git_commit"])
    built = subprocess.run([sys.executable, tree / "fpga_bitstreams/synth/build", SMALL, "--seed", str(manifest["seed"])],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if built.returncode and "trixie-root:" in built.stdout:
        finish(True, built.stdout.strip().splitlines()[-1], skip=True)
    if built.returncode:
        finish(False, built.stdout)
    made = hashlib.sha256((tree / f"build/synth/{SMALL}/top.bit").read_bytes()).hexdigest()
    finish(made == manifest["sha256"], f"{built.stdout}\nmade {made}, the manifest says {manifest['sha256']}")


main()
