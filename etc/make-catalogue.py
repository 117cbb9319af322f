#!/usr/bin/env python3
"""Write etc/models.csv, the catalogue: prices and limits of known models.

usage: etc/make-catalogue.py [FACTS] > etc/models.csv

FACTS is a table of community figures with one row for each model (default:
models.csv under $HOLDFAST_SHARED, or under ../shared).  Only facts are taken
from it, and only those of providers that etc/providers.def knows; a name, a
figure or an ability is written in the form that setup/catalogue.c reads.
Prices are US dollars for a million tokens.
"""
import csv
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = ("name,provider,upstream,context,max_output,input,output,cached_input,"
        "cache_write,cache_write_1h,reasoning_output,tier_above,tier_input,"
        "tier_output,features,as_of").split(",")
# One letter for each ability; the same table stands in setup/catalogue.c.
FEATURES = {"tools": "t", "vision": "v", "json_schema": "j", "reasoning": "r"}
SERVED = {"chat", "embedding", "responses"}


def providers():
    """Every id and alias of etc/providers.def -> id."""
    names = {}
    text = open(os.path.join(HERE, "providers.def"), encoding="utf-8").read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for one, aliases in re.findall(r'PROVIDER\("([^"]*)",\s*"([^"]*)"', text):
        for name in [one] + aliases.split():
            names[name] = one
    return names


def tiers(cell):
    """'input_above_200k=2.5 batch=1/2' -> a dict."""
    return dict(part.split("=", 1) for part in cell.split())


def lowest_tier(extra):
    """The first step of the price: (tokens, input, output)."""
    steps = sorted(int(m.group(1)) for m in
                   (re.match(r"input_above_(\d+)k$", k) for k in extra) if m)
    if not steps:
        return "", "", ""
    key = f"above_{steps[0]}k"
    return (str(steps[0] * 1000), extra.get("input_" + key, ""),
            extra.get("output_" + key, ""))


def features(row, provider):
    letters = "".join(v for k, v in FEATURES.items() if row[k] == "1")
    if row["mode"] == "embedding":
        letters += "e"
    elif row["mode"] == "responses":
        letters += "o"
    elif provider in ("openai", "azure_openai") and row["reasoning"] == "1":
        letters += "c"  # takes max_completion_tokens only
    return letters


def as_of(row):
    found = re.search(r"\d{4}-\d\d-\d\d", row["source"])
    return found.group(0) if found else ""


def record(row, provider):
    extra = tiers(row["other_tiers"])
    above, tier_in, tier_out = lowest_tier(extra)
    return [row["model_id"], provider, row["provider_model"],
            row["context_window"], row["max_output"],
            row["input_per_1m"], row["output_per_1m"],
            row["cache_read_per_1m"], row["cache_write_per_1m"],
            extra.get("cache_write_1h", ""), extra.get("reasoning_out", ""),
            above, tier_in, tier_out, features(row, provider), as_of(row)]


def main():
    shared = os.environ.get("HOLDFAST_SHARED",
                            os.path.join(HERE, "..", "..", "shared"))
    facts = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(shared, "models.csv")
    known = providers()
    records = []
    for row in csv.DictReader(open(facts, encoding="utf-8")):
        provider = known.get(row["provider"])
        if provider and row["mode"] in SERVED:
            records.append(record(row, provider))
    print("# Prices and limits of known models: community figures, in US "
          "dollars for a\n# million tokens.  Nobody checked them with a "
          "provider; who bills anyone sets\n# the prices himself.  Written by "
          "etc/make-catalogue.py.")
    print(",".join(HEAD))
    for one in sorted(records):
        if any("," in cell or '"' in cell for cell in one):
            sys.exit(f"{one[0]}: a field holds a comma or a quote")
        print(",".join(one))


main()
