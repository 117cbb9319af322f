"""What request N of a run is: who asks for what, what the provider does with
it, when the client leaves.  Both sides draw it from the same seed, each in a
process of its own.

Customers and keys named exact get whole answers with usage only: what the
ledger says of them is what the provider billed, to the nano-USD, whatever
dies that is no worker.  The wild ones get everything.
"""
import random

# Pico-USD a token: input, output.  None: nobody knows.
PRICES = {"test-model": (1000000, 2000000), "odd": (123457, 567891), "free": (0, 0), "unpriced": None}

MODELS = """
, { name = "odd"; provider = "openai"; context = 128000; max_output = 16384;
    price = { input = "0.123457"; output = "0.567891"; }; }
, { name = "free"; provider = "openai"; context = 128000; max_output = 16384;
    price = { input = "0"; output = "0"; }; }
, { name = "unpriced"; provider = "openai"; context = 128000; max_output = 16384; }"""


class Who:
    """A customer or a key; budgets in nano-USD for each second of the run.
    only: all its requests go this way, so that what is charged too much for
    others hides nothing."""

    def __init__(self, period=None, total=None, markup_bp=0, exact=False, only=None):
        self.period, self.total = period, total
        self.markup_bp, self.exact, self.only = markup_bp, exact, only
        self.limited = period is not None or total is not None


WIDE = 10**12
CUSTOMERS = {
    "exact-wide": Who(period=WIDE, exact=True),
    "exact-tight": Who(period=600000, total=WIDE, exact=True),
    "exact-markup": Who(period=WIDE, total=900000, markup_bp=2000, exact=True),
    "exact-free": Who(exact=True),
    "wild-cut": Who(period=WIDE, total=WIDE, only="cut"),
    "wild-lost": Who(period=WIDE, only="vanish"),
    "wild-silent": Who(period=WIDE, markup_bp=700, only="no usage"),
    "wild-left": Who(period=WIDE, only="left"),
    "wild-tight": Who(period=900000),
    "wild-total": Who(total=900000),
    "wild-markup": Who(period=1200000, markup_bp=1250),
    "wild-free": Who(),
}
KEYS = {
    "plain": Who(exact=False),
    "exact-key": Who(period=WIDE, total=WIDE, exact=True),
    "wild-key": Who(period=2000000, total=WIDE),
}

EXACT = (("whole", 80), ("slow", 10), ("error", 10))
WILD = (("whole", 40), ("slow", 15), ("no usage", 15), ("cut", 12), ("error", 8), ("vanish", 5), ("false 200", 5))
LEFT = (("whole", 30), ("slow", 40), ("stall", 15), ("freeze", 15))


def draw(rng, table):
    return rng.choices([t[0] for t in table], [t[1] for t in table])[0]


class Plan:
    """Request n."""

    def __init__(self, seed, n):
        rng = random.Random("%d/%d" % (seed, n))
        self.n = n
        self.exact = rng.random() < 0.5
        group = "exact" if self.exact else "wild"
        self.customer = rng.choice([c for c in CUSTOMERS if c.startswith(group)])
        self.key = rng.choice(["plain", group + "-key"])
        self.model = draw(rng, (("test-model", 50), ("odd", 35), ("free", 10), ("unpriced", 5)))
        self.stream = rng.random() < 0.5
        self.max_tokens = rng.choice([None, 20, 40, 80, 200])
        self.tokens = rng.randint(1, 60)
        self.extra_tokens = rng.randint(0, 9)
        self.words = "word " * rng.randint(1, 60)
        only = CUSTOMERS[self.customer].only
        self.hang = None
        if only == "left" or not (only or self.exact or rng.random() < 0.8):
            self.hang = draw(rng, (("early", 40), ("mid", 40), ("head", 20)))
        self.behaviour = draw(rng, EXACT if self.exact else LEFT if self.hang else WILD)
        if only and not self.hang:
            self.behaviour = only
        self.stream |= only == "cut"
        self.leave_s = rng.uniform(0, 0.05)
        self.leave_bytes = rng.randint(1, 3000)
        self.reset = rng.random() < 0.5
        self.pace_s = rng.uniform(0.0005, 0.004)
        self.cut_at = rng.randint(0, self.tokens)
        self.cut_by = rng.choice(["fin", "reset", "error", "end"])
        self.status = rng.choice([400, 500, 503])

    @property
    def limited(self):
        return CUSTOMERS[self.customer].limited or KEYS[self.key].limited

    def owners(self):
        """[(kind, name, markup)] of all who pay for it."""
        return [("customer", self.customer, CUSTOMERS[self.customer].markup_bp), ("key", self.key, 0)]


def cost(model, prompt, completion):
    """nano-USD of an attempt, rounded up once."""
    if PRICES[model] is None:
        return 0
    into, out = PRICES[model]
    return -(-(prompt * into + completion * out) // 1000)


def marked(nano, markup_bp):
    return -(-nano * (10000 + markup_bp) // 10000)
