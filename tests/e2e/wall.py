"""The wall clock of a gateway, as a file that world.c reads."""
import mmap
import os
import struct
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DAY_S = 86400


class Wall:
    """Seconds that the gateway's clock is ahead, and how often that changed."""

    def __init__(self, path):
        self.path = path
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.write(struct.pack("qq", 0, 0))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 16)

    def read(self):
        return struct.unpack("qq", self.map[:])

    def stamp(self):
        """(how often it changed, the day): between two equal stamps no period
        began or ended."""
        ahead_s, changes = self.read()
        return changes, int(time.time() + ahead_s) // DAY_S

    def set(self, ahead_s):
        """Told twice, so that nobody takes the new time for the old one's."""
        changes = self.read()[1]
        self.map[8:] = struct.pack("q", changes + 1)
        self.map[:8] = struct.pack("q", int(ahead_s))
        self.map[8:] = struct.pack("q", changes + 2)


def preload(folder, **world):
    """The environment of a gateway in such a world (world.c)."""
    made = os.path.join(folder, "world.so")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", made,
                    os.path.join(HERE, "world.c")], check=True)
    return dict(world, LD_PRELOAD=made)
