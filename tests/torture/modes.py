"""What a run does to the gateway, by seed: one function for each event, one
row for each mode."""
import os
import signal
import time

from gateway import wait_for
from wall import DAY_S

CHILDREN = ("keeper", "logger", "admin", "worker")
# A child that dies soon after its start waits longer each time before it is
# started anew: after so many deaths of a role the daemon is started anew.
PATIENCE = 3
DAYS = (0, 1, -1, 2, 365, -365, 59)


class Abuse:
    """A gateway, and what happened to it."""

    def __init__(self, gateway, mode, rng, wall, env, disk=None):
        self.gateway, self.mode, self.rng, self.wall = gateway, mode, rng, wall
        self.env, self.disk = env, disk
        self.done = dict.fromkeys(CHILDREN + ("master", "segment", "restart", "disk full", "clock jump"), 0)
        self.lives = dict.fromkeys(CHILDREN, 0)
        self.since = time.time()  # of the daemon's last start

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.rng.uniform(*self.mode.pause_s))
            names = [e[0] for e in self.mode.events]
            if names:
                event = self.rng.choices(names, [e[1] for e in self.mode.events])[0]
                getattr(self, event)()
        if self.disk:
            self.disk.empty_again()
        self.wait_up()

    def wait_up(self):
        wait_for(self.up, 60, "all processes to be back")

    def up(self):
        return self.gateway.process.poll() is None and all(self.gateway.children(r) for r in CHILDREN) and \
            self.gateway.ctl("status", check=False).returncode == 0

    # -- events --

    def kill(self, roles):
        role = self.rng.choice(roles)
        pids = self.gateway.children(role)
        if not pids:
            return
        self.signal(self.rng.choice(pids), signal.SIGKILL)
        self.done[role] += 1
        self.lives[role] += 1
        if self.lives[role] >= PATIENCE:
            self.start_anew()

    def start_anew(self):
        """As the mode may: the harder way where it does not matter."""
        if self.mode.masters:
            self.kill_master()
        elif not self.disk:
            self.restart()

    @staticmethod
    def signal(pid, sig):
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            pass

    def kill_books(self):
        self.kill(["keeper", "keeper", "logger"])

    def kill_any(self):
        self.kill(CHILDREN)

    def kill_pair(self):
        self.kill(["worker"])
        self.kill(["keeper", "logger"])

    def kill_all(self):
        """Every child in the same moment."""
        for role in CHILDREN:
            for pid in self.gateway.children(role):
                self.signal(pid, signal.SIGKILL)
                self.done[role] += 1
        self.kill_master()

    def restart(self):
        self.gateway.stop(signal.SIGQUIT, 40)
        self.done["restart"] += 1
        self.start()

    def start(self):
        self.lives = dict.fromkeys(CHILDREN, 0)
        self.gateway.start(env=self.env)
        self.since = time.time()

    def down(self):
        old = self.gateway.children()
        self.gateway.process.kill()
        self.gateway.process.wait()
        wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in old), 10, "the children to end")
        self.done["master"] += 1

    def kill_master(self):
        """What systemd does then: start the daemon again."""
        self.down()
        self.start()

    def lose_segment(self):
        self.down()
        run = os.path.join(self.gateway.dir, "run")
        for name in os.listdir(run):
            if os.path.isfile(os.path.join(run, name)):
                os.unlink(os.path.join(run, name))
        self.done["segment"] += 1
        self.start()

    def fill_disk(self):
        self.disk.fill_up()
        self.done["disk full"] += 1
        time.sleep(self.rng.uniform(0.2, 1.0))
        self.disk.empty_again()

    def jump(self):
        """Another day, or half a second before the end of this one."""
        ahead_s = self.rng.choice(DAYS) * DAY_S
        if self.rng.random() < 0.4:
            ahead_s += DAY_S - 1 - int(time.time() + ahead_s) % DAY_S
        self.wall.set(ahead_s)
        self.done["clock jump"] += 1


class Mode:
    """events: (name, weight).  survives: no charge may be lost of those
    without a limit either.  exact: settled = bill for the exact ones.
    cuts: clients may lose connections.  refuses: budgets may be unavailable.
    masters: they may die, and their workers leave streams as they are.
    late_us: the keeper learns so late that its commit is on the disk."""

    def __init__(self, events, pause_s=(0.05, 0.4), survives=True, exact=True, cuts=False, refuses=True,
                 masters=False, disk=False, wide=False,
                 late_us=0):
        self.events, self.pause_s, self.survives, self.exact = events, pause_s, survives, exact
        self.cuts, self.refuses, self.masters = cuts, refuses, masters
        self.disk, self.wide, self.late_us = disk, wide, late_us


MODES = {
    # Nothing dies and all budgets are wide: nobody is refused, whatever others
    # did (BerriAI/litellm#36926, #38647, #27639: what errors, time-outs and
    # hang-ups left held locks the customer out).
    "quiet": Mode([], refuses=False, wide=True),
    "keeper": Mode([("kill_books", 1)], cuts=True, late_us=4000),
    "workers": Mode([("kill_any", 5), ("kill_pair", 1)], exact=False, cuts=True, masters=True),
    "all": Mode([("kill_any", 4), ("kill_pair", 1), ("kill_master", 2), ("kill_all", 1)],
                exact=False, cuts=True, masters=True),
    "segment": Mode([("lose_segment", 2), ("kill_any", 2)], pause_s=(0.2, 0.8), survives=False,
                    exact=False, cuts=True, masters=True),
    "disk": Mode([("fill_disk", 2), ("kill_books", 1)], disk=True),
    "clock": Mode([("jump", 6), ("kill_books", 1)], cuts=True),
}


def allowed(mode, plan, end, seen):
    """Why this end of a request is wrong; None when it is right."""
    code = end[1] if len(end) > 1 else None
    if end[0] == "timeout":
        return "nobody answered"
    if end[0] == "left":
        return None if plan.hang else "it did not leave"
    if end[0] == "lost":
        return None if mode.cuts else "a connection was lost"
    if end[0] == "cut":
        return None if mode.cuts or plan.behaviour == "cut" else "an answer was cut"
    if plan.model == "unpriced" and plan.limited and not (end[0] >= 400 and seen is None):
        return "nobody can say what it costs"
    if code in ("budget_exceeded", "key_budget_exceeded", "budget_held", "price_unknown", "budget_unavailable"):
        return refusal(mode, plan, code, seen)
    if code == "shutting_down":
        return None if mode.cuts else "nobody stops it"
    if end[0] == 200:
        return None if seen == plan.behaviour else "no whole answer came from the provider"
    if plan.behaviour in ("error", "cut", "vanish", "false 200"):
        return None if seen is not None else "the provider knows nothing of it"
    return "refused, and nobody knows why"


def refusal(mode, plan, code, seen):
    if seen not in (None, "vanish"):  # the second attempt may find nothing left
        return "refused, but sent"
    if code == "price_unknown":
        return None if plan.model == "unpriced" and plan.limited else "the price is known"
    if code == "budget_unavailable":
        return None if mode.refuses else "the ledger is there"
    if not plan.limited or plan.model == "free" or mode.wide:
        return "nothing limits it"
    return None

