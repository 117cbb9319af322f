"""Weighted draws, and the seed that makes them the same again."""
import collections

N = 400
TWO = ('credentials = ( { name = "light"; api_key = "env:TEST_LIGHT"; weight = 1; },\n'
       '    { name = "heavy"; api_key = "env:TEST_HEAVY"; weight = 3; } );')
ONE = 'credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; } );'
ENV = {"TEST_LIGHT": "sk-light", "TEST_HEAVY": "sk-heavy"}


def drawn(make_gateway, provider, seed, n):
    """Whose keys n requests were sent with, one after the other."""
    gateway = make_gateway(start=False, workers=1, extra="routing = { random_seed = %d; };" % seed)
    assert ONE in gateway.text
    gateway.text = gateway.text.replace(ONE, TWO)
    gateway.start(env=ENV)
    provider.requests.clear()
    for _ in range(n):
        assert gateway.chat().status == 200
    gateway.stop()
    return [r.header("authorization") for r in provider.requests]


def test_draws_repeat_with_a_seed(make_gateway, provider):
    first = drawn(make_gateway, provider, 7, N)
    assert drawn(make_gateway, provider, 7, N) == first
    assert drawn(make_gateway, provider, 8, N) != first
    share = collections.Counter(first)["Bearer sk-heavy"] / N
    assert abs(share - 0.75) < 0.07


def test_draws_without_a_seed(make_gateway, provider):
    assert drawn(make_gateway, provider, 0, 40) != drawn(make_gateway, provider, 0, 40)
