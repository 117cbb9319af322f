"""The benchmark: gateway and nginx side by side.

usage: O=build bench.py [SECTION,...]

A run of all sections is kept in tests/bench/results; every run leaves its
table and its JSON in O/report.  A missed bar is shown, it is not an error.
"""
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import time

import cases
import figures
import rig

HERE = os.path.dirname(os.path.abspath(__file__))
SECTIONS = {
    "1k": lambda b: cases.whole(b, "1k", b.cached),
    "10k": lambda b: cases.whole(b, "10k", b.cached),
    "100k": lambda b: cases.whole(b, "100k", b.cached),
    "money": cases.money,
    "translate": cases.translate,
    "choose": cases.choose,
    "rate": cases.fixed_rate,
    "reply": cases.big_reply,
    "stream": cases.stream,
    "new": cases.new,
    "all5000": cases.all5000,
    "idle": cases.idle_streams,
}


class Bench:
    def __init__(self, wanted):
        self.load = rig.Load()
        self.cached = "cache" in wanted
        self.settings = {}
        self.rows = []

    def note_settings(self, gateway, nginx):
        """Once for each way of logging; the folder's name is of no interest."""
        self.settings["gateway, log: " + gateway.logs] = gateway.settings.replace(
            gateway.dir, "DIR")
        self.settings["nginx"] = nginx.settings.replace(nginx.dir, "DIR")

    def add(self, rows):
        for r in rows:
            self.rows.append(r)
            print("%-40s %8.2f %-26s %s" % (r["case"], r["gateway"]["median"], r["unit"],
                                            figures.verdict(r)), flush=True)


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    return (done.stdout + done.stderr).strip()


def commit():
    name = output("git", "rev-parse", "--short=12", "HEAD")
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return name + ("+changes" if changed else "")


def machine():
    with open("/proc/cpuinfo") as f:
        model = [x.split(":")[1].strip() for x in f if x.startswith("model name")]
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) // 1024
    return {"cpu": model[0] if model else platform.machine(), "cpus": len(rig.CPUS),
            "memory_mib": memory, "kernel": platform.release(),
            "nginx": output(rig.NGINX, "-v").split("/")[-1],
            "compiler": output(os.environ.get("CC", "cc"), "--version").split("\n")[0],
            "cflags": os.environ.get("CFLAGS", "")}


def write(folder, name, result, table):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    with open(os.path.join(folder, name + ".md"), "w") as f:
        f.write(table + "\n")


def run(bench, wanted):
    memory = None
    if "memory" in wanted:
        memory = cases.Memory(bench)
    try:
        for name, section in SECTIONS.items():
            if name in wanted:
                bench.load.section = name
                bench.add(section(bench))
        if memory is not None:
            bench.add(memory.rows())
    finally:
        if memory is not None:
            memory.close()
        bench.load.close()


def main():
    everything = list(SECTIONS) + ["cache", "memory"]
    wanted = sys.argv[1].split(",") if len(sys.argv) > 1 else everything
    if "cache" in wanted and not set(wanted) & set(cases.SIZES):
        wanted += cases.SIZES
    unknown = set(wanted) - set(everything)
    if unknown or rig.NGINX is None:
        sys.exit("bench: no section %s; there are %s" % (
            ", ".join(sorted(unknown)), ",".join(everything)) if unknown else "bench: no nginx")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    began, tree, bench = time.time(), commit(), Bench(wanted)
    foreign = [os.getloadavg()[0]]
    with rig.precedence():
        run(bench, wanted)
    foreign.append(os.getloadavg()[0])
    day = datetime.datetime.fromtimestamp(began, datetime.timezone.utc).strftime("%Y-%m-%d")
    result = {"date": day, "commit": tree, "machine": machine(),
              "seconds": round(time.time() - began), "load_average": foreign,
              "repeated_runs": bench.load.repeated, "problems": bench.load.problems, "rows": bench.rows, "settings": bench.settings}
    table = "%s, commit %s, %s, %d CPUs, Linux %s, nginx %s\n\n%s\n" % (
        day, result["commit"], result["machine"]["cpu"], result["machine"]["cpus"],
        result["machine"]["kernel"], result["machine"]["nginx"], figures.table(bench.rows))
    table += "".join("\nPROBLEM: " + p for p in bench.load.problems)
    if bench.load.repeated:
        table += "\n%d runs repeated: no CPU, because of foreign load\n" % bench.load.repeated
    print("\n" + table)
    write(os.path.join(rig.BUILD, "report"), "bench", result, table)
    if set(wanted) == set(everything):
        write(os.path.join(HERE, "results"), "%s-%s" % (day, result["commit"]), result, table)


main()
