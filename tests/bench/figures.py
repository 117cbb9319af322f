"""Medians, quartiles, rows of the result and the table."""
import statistics


def spread(values):
    q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 \
        else [values[0]] * 3
    return {"median": round(statistics.median(values), 3), "q1": round(q1, 3),
            "q3": round(q3, 3), "rounds": [round(v, 3) for v in values]}


def row(case, unit, ours, theirs=None, bar=None, kind="ratio", note=""):
    """One line of the table.  kind says what the bar holds against: the ratio
    of each pair of one round, or our figure itself."""
    r = {"case": case, "unit": unit, "gateway": spread(ours), "note": note}
    if theirs is not None:
        r["nginx"] = spread(theirs)
        r["ratio"] = spread([a / b for a, b in zip(ours, theirs)])
    if bar is not None:
        got = r["ratio" if kind == "ratio" else "gateway"]["median"]
        r["bar"] = {"of": kind, "at_most": round(bar, 3), "met": got <= bar}
    return r


def text(s, form="%.2f"):
    if s is None:
        return ""
    m = form % s["median"]
    if len(s["rounds"]) > 1:
        m += (" (" + form + "-" + form + ")") % (s["q1"], s["q3"])
    return m


def verdict(r):
    bar = r.get("bar")
    if bar is None:
        return ""
    got = r["ratio" if bar["of"] == "ratio" else "gateway"]["median"]
    word = "met" if bar["met"] else "MISSED"
    return "%s: %.3f of %.2f%s" % (word, got, bar["at_most"],
                                   " x" if bar["of"] == "ratio" else "")


def table(rows):
    lines = [["case", "unit", "gateway", "nginx", "ratio", "bar", "note"]]
    for r in rows:
        lines.append([r["case"], r["unit"], text(r["gateway"]), text(r.get("nginx")),
                      text(r.get("ratio")), verdict(r), r["note"]])
    widths = [max(len(x[i]) for x in lines) for i in range(7)]
    lines.insert(1, ["-" * w for w in widths])
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(x, widths)) + " |"
                     for x in lines)
