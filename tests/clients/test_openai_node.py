"""The OpenAI SDK for Node as it is published, against a running gateway."""
import json
import os
import threading
import time

import pytest
from gateway import wait_for
from provider import (LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body, sse_head, sse_reply,
                      stream_events)

BUDGET = '{customer_params: {customer_identifier: "c", period_budget: %s, budget_duration: "daily"}}'
CALLS = [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
         {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rom"}'}}]
TOOLS = '[{type: "function", function: {name: "weather", parameters: {type: "object", properties: {city: {type: "string"}}}}}]'
READ = """
  let text = "";
  for await (const c of await client.chat.completions.create(ask({stream: true, %s}))) {
    note("usage", c.usage ?? null);
    text += c.choices[0]?.delta?.content ?? "";
    note("text", text);
  }
  return text;"""


def read(more=""):
    return READ % more


EMBED = 'return await client.embeddings.create({model: "%s", input: ["Hello", "x"]%s});'
OLLAMA = """providers = ( { name = "own"; kind = "ollama"; base_url = "http://127.0.0.1:%d";
  credentials = ( { name = "c"; api_key = "env:TEST_PROVIDER_KEY"; } ); } );
models = ( { name = "own"; provider = "own"; price = { input = "1"; output = "1"; }; } );"""


# -- answers --

@pytest.mark.parametrize("path", ["/api", "/v1", "", "/api/v1"])
def test_text(gateway, sdk, path):
    said = sdk(gateway, "return await client.chat.completions.create(ask());", path=path)
    assert said.value["choices"][0]["message"]["content"] == "Hello there"
    assert said.value["usage"]["total_tokens"] == 15
    assert said.attempts == 1


def test_stream(gateway, provider, sdk):
    words = ["Hällo", " ", "\U0001f680", " 世界", "\n\n", "data: x"]
    provider.answer = lambda r: sse_reply(stream_events(words))
    said = sdk(gateway, read())
    assert said.value == "".join(words)
    assert said.notes["usage"] is None


def test_stream_in_single_bytes(gateway, provider, sdk):
    body = sse_body(stream_events(["a", "ß", "\U0001f680"]))
    provider.answer = lambda r: [sse_head()] + [chunked(body[i:i + 1]) for i in range(len(body))] + [LAST_CHUNK]
    assert sdk(gateway, read()).value == "aß\U0001f680"


@pytest.mark.parametrize("more", ["", ', encoding_format: "float"', ', encoding_format: "base64"', ", dimensions: 3"])
def test_embeddings_of_the_demo(gateway, sdk, more):
    """What the SDK asks for by itself is base64, which it unpacks."""
    said = sdk(gateway, EMBED % ("demo/embed", more)).value
    first = said["data"][0]["embedding"]
    if "base64" in more:
        assert isinstance(first, str)
        return
    expected = [-0.104814, 0.745497, 0.161036, 0.276894, 0.212504, -0.829614, -0.648185, -0.850548]
    assert first == pytest.approx(expected[:3] if "dimensions" in more else expected, abs=1e-7)
    assert [d["index"] for d in said["data"]] == [0, 1] and said["usage"]["total_tokens"] == 3


def test_embeddings_of_a_provider_that_knows_numbers_alone(make_gateway, provider, sdk):
    gateway = make_gateway(start=False)
    gateway.text = gateway.text[:gateway.text.index("providers = (")] + OLLAMA % provider.port
    gateway.start()
    provider.answer = lambda r: json_reply({"model": "own", "embeddings": [[0.5, -0.25], [1, 3e-3]], "prompt_eval_count": 4})
    said = sdk(gateway, EMBED % ("own", "")).value
    assert said["data"][0]["embedding"] == [0.5, -0.25]
    assert said["data"][1]["embedding"] == pytest.approx([1, 3e-3], abs=1e-9)
    assert provider.requests[0].path == "/api/embed" and said["usage"]["prompt_tokens"] == 4


def test_stream_usage(gateway, provider, sdk):
    provider.answer = lambda r: sse_reply(stream_events(["a"]))
    said = sdk(gateway, read("stream_options: {include_usage: true}"))
    assert said.notes["usage"]["total_tokens"] == 15


def test_tools(gateway, provider, sdk):
    body = completion()
    body["choices"][0].update(message={"role": "assistant", "content": None, "tool_calls": CALLS, "refusal": None},
                              finish_reason="tool_calls")
    provider.answer = lambda r: json_reply(body)
    said = sdk(gateway, "return await client.chat.completions.create(ask({tools: %s}));" % TOOLS)
    assert said.value["choices"][0]["message"]["tool_calls"] == CALLS
    assert provider.requests[0].json["tools"][0]["function"]["name"] == "weather"


def test_tools_in_a_stream(gateway, provider, sdk):
    """Parallel calls in pieces, collected by the SDK's own helper."""
    events = [chunk({"role": "assistant", "content": None})]
    for i, call in enumerate(CALLS):
        arguments = call["function"]["arguments"]
        events.append(chunk({"tool_calls": [dict(call, index=i, function={"name": "weather", "arguments": ""})]}))
        events += [chunk({"tool_calls": [{"index": i, "function": {"arguments": p}}]}) for p in arguments]
    events += [chunk(finish="tool_calls"), chunk(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
               b"[DONE]"]
    provider.answer = lambda r: sse_reply(events)
    said = sdk(gateway, "return await client.chat.completions.stream(ask({tools: %s})).finalChatCompletion();" % TOOLS)
    choice = said.value["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert [c["function"]["arguments"] for c in choice["message"]["tool_calls"]] == \
        [c["function"]["arguments"] for c in CALLS]


def test_tool_loop(gateway, provider, sdk):
    """runTools calls the function and sends its result."""
    body = completion()
    body["choices"][0].update(message={"role": "assistant", "content": None, "tool_calls": CALLS[:1]},
                              finish_reason="tool_calls")
    provider.answer = lambda r: json_reply(completion("cold") if b'"role":"tool"' in r.body else body)
    said = sdk(gateway, """
      const runner = client.chat.completions.runTools(ask({tools: [{type: "function", function: {
        name: "weather", parse: JSON.parse, function: (a) => a.city + " -3", description: "d",
        parameters: {type: "object", properties: {city: {type: "string"}}}}}]}));
      return await runner.finalContent();""")
    assert said.value == "cold"
    assert provider.requests[1].json["messages"][-1] == {"role": "tool", "tool_call_id": "call_1", "content": "Oslo -3"}


def test_json_schema(gateway, provider, sdk):
    provider.answer = lambda r: json_reply(completion('{"a": 1}'))
    schema = '{type: "json_schema", json_schema: {name: "s", strict: true, schema: {type: "object", ' \
        'properties: {a: {type: "integer"}}, required: ["a"], additionalProperties: false}}}'
    said = sdk(gateway, "return (await client.chat.completions.parse(ask({response_format: %s}))).choices[0].message;"
               % schema)
    assert json.loads(said.value["content"]) == {"a": 1}
    assert provider.requests[0].json["response_format"]["json_schema"]["strict"] is True


def test_several_choices(gateway, provider, sdk):
    provider.answer = lambda r: sse_reply(
        [dict(chunk(), choices=[{"index": i, "delta": {"role": "assistant", "content": t}, "finish_reason": None}])
         for i, t in enumerate("ab")] +
        [dict(chunk(), choices=[{"index": i, "delta": {}, "finish_reason": "stop"}]) for i in (1, 0)] + [b"[DONE]"])
    said = sdk(gateway, "return (await client.chat.completions.stream(ask({n: 2})).finalChatCompletion())"
               ".choices.map((c) => c.message.content).sort();")
    assert said.value == ["a", "b"]


def test_many_at_once(gateway, sdk):
    said = sdk(gateway, "return (await Promise.all(Array.from({length: 60}, () => client.chat.completions.create(ask()))))"
               ".length;")
    assert (said.value, said.attempts) == (60, 60)


def test_long_body(gateway, provider, sdk):
    said = sdk(gateway, 'return (await client.chat.completions.create({model: "test-model", messages: '
               '[{role: "user", content: "é".repeat(1000000)}]})).choices.length;')
    assert said.value == 1
    assert provider.requests[0].json["messages"][0]["content"] == "é" * 1000000


def test_headers_and_record(gateway, sdk):
    said = sdk(gateway, """
      const {response} = await client.chat.completions.create(
        ask({customer_identifier: "ada", metadata: {a: "1"}})).withResponse();
      return Object.fromEntries(response.headers);""")
    record = gateway.record(said.value["x-respan-log-id"])
    assert (record["customer_identifier"], record["metadata"]) == ("ada", {"a": "1"})
    assert said.value["x-holdfast-cost"] == "0.00002"


def test_cache(gateway, provider, sdk):
    said = sdk(gateway, """
      const one = async () => {
        const {data, response} = await client.chat.completions.create(ask({cache_enabled: true})).withResponse();
        return [response.headers.get("x-respan-cache"), data.choices[0].message.content];
      };
      const first = await one();
      for (let i = 0; i < 100; i++) {
        const next = await one();
        if (next[0] === "hit") return [first, next];
        await sleep(20);
      }""")
    assert said.value == [["miss", "Hello there"], ["hit", "Hello there"]]


def test_models(gateway, sdk):
    said = sdk(gateway, """
      const found = [];
      for await (const m of client.models.list()) found.push(m);
      return [found, await client.models.retrieve("test-model")];""")
    assert {"demo/echo", "test-model"} <= {m["id"] for m in said.value[0]}
    assert all(m["object"] == "model" for m in said.value[0])
    assert (said.value[1]["id"], said.value[1]["owned_by"]) == ("test-model", "openai")


def test_demo(gateway, sdk):
    said = sdk(gateway, """
      const plain = await client.chat.completions.create(ask({model: "demo/echo"}));
      const streamed = await client.chat.completions.stream(ask({model: "demo/echo"})).finalContent();
      return [plain.choices[0].message.content, streamed];""", key="demo")
    assert said.value == ["Hello", "Hello"]


# -- leaving --

def endless(r):
    return [sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "x"})])), ("until_gone",)]


def expect_abandoned(gateway, provider):
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
    gateway.at_rest()
    record = wait_for(gateway.records, 5, "a record")[0]
    assert record["status_code"] == 499
    # Told nothing of the tokens, the gateway charges what it held.
    assert record["cost"] > 0


@pytest.mark.parametrize("how", ["stream.controller.abort()", "break"])
def test_abort_in_a_stream(gateway, provider, sdk, how):
    provider.answer = endless
    said = sdk(gateway, """
      const stream = await client.chat.completions.create(ask({stream: true}));
      for await (const c of stream) { %s; }
      return "left";""" % how)
    assert said.value == "left"
    expect_abandoned(gateway, provider)


def test_abort_before_the_answer(gateway, provider, sdk):
    path = os.path.join(gateway.dir, "seen")

    def answer(request):
        open(path, "w").close()
        return [("until_gone",)]

    provider.answer = answer
    said = sdk(gateway, """
      const stop = new AbortController();
      seen().then(() => stop.abort());
      await client.chat.completions.create(ask(), {signal: stop.signal});""", env={"SEEN": path})
    said.threw("APIUserAbortError")
    expect_abandoned(gateway, provider)


def test_timeout_of_the_client(gateway, provider, sdk):
    provider.answer = lambda r: [("until_gone",)]
    said = sdk(gateway, "await client.chat.completions.create(ask(), {timeout: 1000, maxRetries: 1});")
    said.threw("APIConnectionTimeoutError")
    assert said.attempts == 2
    wait_for(lambda: len(provider.gone_at) == 2, 5, "both upstreams to be closed")
    gateway.at_rest()


# -- broken streams: the SDK throws --

CUT = sse_body(stream_events(["one", " two", " three"]))


@pytest.mark.parametrize("at", sorted({0, 1, 20, len(CUT) - 1, len(CUT) - len(b"data: [DONE]\n\n")} |
                                      {m for m in range(150, len(CUT), 137)}))
@pytest.mark.parametrize("end", ["fin", "reset", "short"])
def test_cut_stream_throws(gateway, provider, sdk, at, end):
    provider.answer = lambda r: [sse_head() + chunked(CUT)[:at + 5] if end != "short" else
                                 sse_head() + chunked(CUT[:at] or b": \n\n") + LAST_CHUNK] + \
        ([(end,)] if end != "short" else [])
    said = sdk(gateway, read())
    if at == len(CUT) - 1 and said.value:  # only the last line end is missing
        assert said.value == "one two three"
        return
    assert said.error, said.value
    assert "one two three".startswith(said.notes.get("text", ""))
    assert said.error["kind"] in ("APIError", "InternalServerError", "TypeError"), said.error


def test_error_event_of_the_provider(gateway, provider, sdk):
    events = stream_events(["one", "two"])[:2] + [{"error": {"message": "overloaded", "code": "busy", "type": "t"}}]
    provider.answer = lambda r: [sse_head() + chunked(sse_body(events[:2])), ("wait", 0.2), chunked(sse_body(events[2:])),
                                 LAST_CHUNK]
    said = sdk(gateway, read())
    error = said.threw("APIError", code="busy")
    assert "overloaded" in error["message"]
    assert said.notes["text"] == "one"


# -- refusals: class, code and how often the SDK tries --

CREATE = "await client.chat.completions.create(ask(%s));"


def test_bad_key(gateway, provider, sdk):
    said = sdk(gateway, CREATE % "", key="testkey1.wrong")
    said.threw("AuthenticationError", 401, "invalid_api_key")
    assert said.attempts == 1 and not provider.requests


@pytest.mark.parametrize("more, kind, status, code, param", [
    ('{model: "no-such-model"}', "NotFoundError", 404, "model_not_found", "model"),
    ('{temperature: 9}', "BadRequestError", 400, "invalid_value", "temperature"),
    ('{messages: "hi"}', "BadRequestError", 400, "invalid_type", "messages"),
    ('{messages: undefined}', "BadRequestError", 400, "missing_required_parameter", "messages"),
    ('{stream_options: {include_usage: true}}', "BadRequestError", 400, None, None),
    ('{retry_params: {retry_enabled: true, num_retries: 0}}', "BadRequestError", 400, None, None),
])
def test_bad_request(gateway, provider, sdk, more, kind, status, code, param):
    said = sdk(gateway, CREATE % more)
    error = said.threw(kind, status, code)
    assert error["type"] == "respan_error"
    assert param is None or error["param"] == param
    assert said.attempts == 1 and not provider.requests


def test_model_not_permitted(gateway, sdk):
    said = sdk(gateway, CREATE % "", key="demo")
    said.threw("PermissionDeniedError", 403, "model_not_permitted")
    assert said.attempts == 1


def test_budget_spent_is_not_tried_again(gateway, provider, sdk):
    said = sdk(gateway, CREATE % (BUDGET % "0"))
    error = said.threw("RateLimitError", 429, "budget_exceeded")
    assert "of their $0" in error["message"]
    assert (said.attempts, provider.requests) == (1, [])


def test_budget_spent_is_402_when_settings_say_so(make_gateway, provider, sdk):
    said = sdk(make_gateway(extra="budgets = { status = 402; };"), CREATE % (BUDGET % "0"))
    said.threw("APIError", 402, "budget_exceeded")
    assert said.attempts == 1


def test_budget_spent_in_a_stream(gateway, sdk):
    """The refusal comes before the stream, as an error with a status."""
    said = sdk(gateway, read(BUDGET.strip("{}") % "0" + "}"))
    said.threw("RateLimitError", 429, "budget_exceeded")
    assert said.attempts == 1


def test_budget_held_is_tried_again(make_gateway, provider, sdk):
    """Money that others hold may come back: three attempts, a second apart."""
    g = make_gateway(extra='budgets = { hold_wait = "0s"; };')
    provider.answer = endless
    said = sdk(g, """
      const limited = (more) => ask({max_tokens: 100, customer_params: {customer_identifier: "c",
        period_budget: 0.0006, budget_duration: "daily"}, ...more});
      const held = await client.chat.completions.create(limited({stream: true}));
      for await (const c of held) break;
      """.replace("for await (const c of held) break;", "const first = await held[Symbol.asyncIterator]().next();") + """
      note("before", true);
      await client.chat.completions.create(limited({}));""")
    said.threw("RateLimitError", 429, "budget_held")
    assert said.attempts == 1 + 3
    assert len(said.waits) == 2 and all(900 <= w <= 1100 for w in said.waits)


def test_rate_limit(make_gateway, provider, sdk):
    """The SDK waits for as long as the gateway says."""
    g = make_gateway(extra='customers = { list = ( { customer_identifier = "r"; limits = { rpm = 1; }; } ); };')
    said = sdk(g, """
      await client.chat.completions.create(ask({customer_identifier: "r"}));
      await client.chat.completions.create(ask({customer_identifier: "r"}));""")
    error = said.threw("RateLimitError", 429, "rate_limit_exceeded")
    assert "60" in error["message"] or "1 requests per minute" in error["message"]
    assert said.attempts == 1 + 3 and len(provider.requests) == 1
    assert all(1000 <= w <= 60000 for w in said.waits) and len(said.waits) == 2


def test_concurrency(make_gateway, provider, sdk):
    g = make_gateway(extra='customers = { list = ( { customer_identifier = "r"; limits = { concurrency = 1; }; } ); };')
    provider.answer = endless
    said = sdk(g, """
      const held = await client.chat.completions.create(ask({stream: true, customer_identifier: "r"}));
      await held[Symbol.asyncIterator]().next();
      await client.chat.completions.create(ask({customer_identifier: "r"}));""")
    said.threw("RateLimitError", 429, "concurrency_limit_exceeded")
    assert said.attempts == 1 + 3
    assert all(900 <= w <= 1100 for w in said.waits)


def test_customer_unknown(make_gateway, sdk):
    g = make_gateway(extra='customers = { unknown = "refuse"; };')
    said = sdk(g, CREATE % '{customer_identifier: "nobody"}')
    said.threw("PermissionDeniedError", 403, "customer_unknown")
    assert said.attempts == 1


def test_price_unknown(make_gateway, provider, sdk):
    g = make_gateway(models=', { name = "no-price"; provider = "openai"; }')
    said = sdk(g, CREATE % ('{model: "no-price", ...%s}' % (BUDGET % "1")))
    said.threw("BadRequestError", 400, "price_unknown")
    assert said.attempts == 1 and not provider.requests


@pytest.mark.parametrize("status, kind, attempts", [
    (400, "BadRequestError", 1), (401, "AuthenticationError", 1), (403, "PermissionDeniedError", 1),
    (404, "NotFoundError", 1), (422, "UnprocessableEntityError", 1), (409, "ConflictError", 3),
    (429, "RateLimitError", 1), (500, "InternalServerError", 3), (503, "InternalServerError", 3),
])
def test_provider_error(gateway, provider, sdk, status, kind, attempts):
    """Status, code and message of the provider; retried as the SDK does with the provider itself,
    but a 429, for which the gateway has asked twice more."""
    body = {"error": {"message": "they say no", "type": "t", "param": "p", "code": "theirs"}}
    provider.answer = lambda r: json_reply(body, status)
    said = sdk(gateway, CREATE % "")
    error = said.threw(kind, status, "theirs")
    assert (error["type"], error["param"]) == ("t", "p") and "they say no" in error["message"]
    assert (said.attempts, len(provider.requests)) == (attempts, 3 if status == 429 else attempts)


def test_provider_retry_after(gateway, provider, sdk):
    provider.answer = lambda r: json_reply({"error": {"message": "slow"}}, 429, (("Retry-After", "7"),))
    said = sdk(gateway, CREATE % "")
    said.threw("RateLimitError", 429)
    assert said.waits == [7000, 7000]


def test_provider_recovers(gateway, provider, sdk):
    provider.answer = lambda r: json_reply(completion()) if len(provider.requests) > 2 else \
        json_reply({"error": {"message": "oops"}}, 500)
    said = sdk(gateway, "return (await client.chat.completions.create(ask())).choices[0].message.content;")
    assert (said.value, said.attempts) == ("Hello there", 3)


def test_no_provider(gateway, provider, sdk):
    provider.close()
    said = sdk(gateway, CREATE % "")
    said.threw("InternalServerError", 502, "upstream_connection_error")
    assert said.attempts == 3


def test_provider_talks_nonsense(gateway, provider, sdk):
    provider.answer = lambda r: json_reply(b"<html>")
    said = sdk(gateway, CREATE % "")
    said.threw("InternalServerError", 502, "upstream_invalid_response")


def test_unknown_path(gateway, sdk):
    said = sdk(gateway, 'await client.post("/no/such/path", {body: {}});')
    said.threw("NotFoundError", 404, "unknown_path")
    assert said.attempts == 1


def test_stopping_gateway(gateway, provider, sdk):
    """A gateway that drains lets the stream in flight end well."""
    provider.answer = lambda r: [sse_head() + chunked(sse_body(stream_events(["a"])[:2])), ("wait", 0.6),
                                 chunked(sse_body(stream_events(["a"])[2:])), LAST_CHUNK]
    threading.Thread(target=lambda: (wait_for(lambda: provider.requests, 10), time.sleep(0.1), gateway.process.terminate()),
                     daemon=True).start()
    assert sdk(gateway, read()).value == "a"
