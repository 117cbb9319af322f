"""Do the functions of order.ld lie together in the program, and are its parts marked?

The linker says nothing when its script is no longer as the Makefile knows it, nor
when a function has got another name: the program would only be slower.
"""
import os
import re
import subprocess

ORDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "order.ld")
GONE = 0.05  # of the names: so many may have got lost; a small one into its caller
SPREAD = 1.1  # from the first byte to the last, in bytes of theirs
PARTS = ["request", "answer", "rest"]  # what base/warm.c goes by


def named():
    with open(ORDER) as f:
        return re.findall(r"\.text\.(\w+) ", f.read())


def placed(program):
    """{name: [(address, size), ...]}, without the parts that seldom run."""
    out = subprocess.run(["nm", "--print-size", program], capture_output=True, text=True, check=True).stdout
    found = {}
    for at, size, name in re.findall(r"^(\w+) (\w+) [tT] (\S+)$", out, re.M):
        if ".cold" not in name:
            found.setdefault(name.split(".")[0], []).append((int(at, 16), int(size, 16)))
    return found


def marked(program):
    """The parts of order.ld in the order of their places."""
    out = subprocess.run(["nm", "-n", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r" t order_(\w+)$", out, re.M)


def is_asked(build):
    """The Makefile's script is there, and not empty as for another linker."""
    script = os.path.join(build, "holdfast.ld")
    return os.path.exists(script) and os.path.getsize(script) > 0


def judge(build):
    """True when they do, and what there is to say."""
    program = os.path.join(build, "holdfast")
    names, found = named(), placed(program)
    places = [part for name in names for part in found.get(name, ())]
    gone = sum(name not in found for name in names)
    size = sum(size for _, size in places)
    spread = max(at + size for at, size in places) - min(at for at, _ in places)
    parts = marked(program)
    return (gone <= GONE * len(names) and spread <= SPREAD * size and parts == PARTS,
            "%d functions of order.ld in %d KiB for %d KiB of code, %d gone, parts %s; see make order"
            % (len(names), spread / 1024, size / 1024, gone, parts))
