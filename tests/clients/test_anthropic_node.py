"""Anthropic's SDK for Node as it is published, against a running gateway whose
providers speak its dialect and others."""
import functools

import pytest
import speak
from conftest import run_sdk
from gateway import wait_for
from speak import CALL, DIALECTS, Fault, Says, Script, spoken

sdk = functools.partial(run_sdk, "anthropic")
TOOLS = '[{name: "weather", description: "d", input_schema: {type: "object", properties: {city: {type: "string"}}}}]'
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

each = pytest.mark.parametrize("dialect", DIALECTS)


def to(world, dialect, script, **kw):
    """Run it with the model of a provider that speaks this dialect."""
    said = sdk(world, script, model="via-" + dialect, **kw)
    assert {spoken(r) for r in world.provider.requests} <= {dialect}
    return said


def texts(message):
    return "".join(b["text"] for b in message["content"] if b["type"] == "text")


# -- answers --

@each
def test_text(world, dialect):
    said = to(world, dialect, "return await client.messages.create(ask({system: 'Be brief.', stop_sequences: ['END']}));")
    assert texts(said.gave()) == "Hällo there"
    assert (said.gave()["type"], said.gave()["role"], said.gave()["stop_reason"]) == ("message", "assistant", "end_turn")
    assert (said.gave()["usage"]["input_tokens"], said.gave()["usage"]["output_tokens"]) == (11, 7)
    assert said.attempts == 1
    assert b"Be brief." in world.provider.requests[0].body


@each
def test_stream(world, dialect):
    """The SDK's own accumulator, which throws at any event out of order."""
    world.provider.answer = Script(Says("One, zwei,\n \U0001f680 \" \\ three"))
    said = to(world, dialect, """
      const stream = client.messages.stream(ask());
      let text = "";
      stream.on("text", (t) => { text += t; });
      const message = await stream.finalMessage();
      note("text", text);
      return message;""")
    assert texts(said.gave()) == said.notes["text"] == "One, zwei,\n \U0001f680 \" \\ three"
    assert said.gave()["stop_reason"] == "end_turn"
    assert (said.gave()["usage"]["input_tokens"], said.gave()["usage"]["output_tokens"]) == (11, 7)


@each
def test_events_of_a_stream(world, dialect):
    """Every block is started, filled and stopped before the next one."""
    world.provider.answer = Script(Says(calls=[CALL, ("weather", {"city": "Rom"})], thought="Two cities."))
    said = to(world, dialect, """
      const events = [];
      for await (const e of await client.messages.create(ask({stream: true, tools: %s}))) events.push([e.type, e.index ?? null]);
      return events;""" % TOOLS)
    kinds = [kind for kind, _ in said.gave() if kind != "ping"]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    opened, started = None, []
    for kind, index in (e for e in said.gave() if e[0].startswith("content_block")):
        assert (opened is None) == (kind == "content_block_start") and opened in (None, index)
        started += [index] if kind == "content_block_start" else []
        opened = None if kind == "content_block_stop" else index
    assert opened is None and started == list(range(len(started))) and len(started) >= 2


@each
@pytest.mark.parametrize("how", ["create(%s)", "stream(%s).finalMessage()"], ids=["whole", "stream"])
def test_thinking(world, dialect, how):
    world.provider.answer = Script(Says("42", thought="Six times seven."))
    said = to(world, dialect, "return await client.messages.%s;"
              % (how % "ask({thinking: {type: 'enabled', budget_tokens: 1024}})"))
    thinking = [b for b in said.gave()["content"] if b["type"] == "thinking"]
    assert [b["thinking"] for b in thinking] == ["Six times seven."]
    assert said.gave()["content"][0] == thinking[0] and texts(said.gave()) == "42"
    assert thinking[0]["signature"] == ("c2lnbmVk" if dialect == "anthropic" else "")


@each
@pytest.mark.parametrize("how", ["create(%s)", "stream(%s).finalMessage()"], ids=["whole", "stream"])
def test_tool_round_trip(world, dialect, how):
    """The call comes as an object; call and result are sent back with one id."""
    world.provider.answer = Script(Says(calls=[CALL]), Says("cold"))
    said = to(world, dialect, """
      const tools = %s;
      const messages = [{role: "user", content: "How is Oslo?"}];
      const first = await client.messages.%s;
      const call = first.content.find((b) => b.type === "tool_use");
      note("first", first);
      messages.push({role: "assistant", content: first.content},
        {role: "user", content: [{type: "tool_result", tool_use_id: call.id, content: "-3 degrees"}]});
      return await client.messages.%s;""" % (TOOLS, how % "ask({messages, tools})", how % "ask({messages, tools})"))
    first = said.notes["first"]
    assert first["stop_reason"] == "tool_use"
    call = [b for b in first["content"] if b["type"] == "tool_use"][0]
    assert (call["name"], call["input"]) == CALL and call["id"]
    assert texts(said.gave()) == "cold"
    speak.expect_result(world.provider.requests[1], dialect, "-3 degrees")


@each
def test_tool_runner(world, dialect):
    """The SDK's own loop over tools."""
    world.provider.answer = Script(Says(calls=[CALL]), Says("cold"))
    said = to(world, dialect, """
      return await client.beta.messages.toolRunner(ask({tools: [{name: "weather", description: "d",
        input_schema: {type: "object", properties: {city: {type: "string"}}}, run: (a) => a.city + " -3",
        parse: (x) => x}]}));""")
    assert texts(said.gave()) == "cold"
    assert b"Oslo -3" in world.provider.requests[1].body


@each
def test_image(world, dialect):
    to(world, dialect, """
      return await client.messages.create(ask({messages: [{role: "user", content: [
        {type: "image", source: {type: "base64", media_type: "image/png", data: "%s"}},
        {type: "text", text: "What is it?"}]}]}));""" % PNG)
    assert PNG in world.provider.requests[0].body.decode()
    assert b"image/png" in world.provider.requests[0].body


@each
def test_count_tokens(world, dialect):
    """Asked of a provider that can count, else an upper bound of the gateway."""
    if dialect == "anthropic":
        world.provider.answer = lambda r: speak.json_reply({"input_tokens": 1234})
    said = sdk(world, """
      const {max_tokens, ...rest} = ask();
      const {data, response} = await client.messages.countTokens(rest).withResponse();
      return [data, response.headers.get("x-holdfast-estimate")];""", model="via-" + dialect)
    counted, estimate = said.gave()
    if dialect == "anthropic":
        assert (counted["input_tokens"], estimate) == (1234, None)
        assert world.provider.requests[0].path.split("?")[0] == "/anthropic/v1/messages/count_tokens"
    else:
        assert counted["input_tokens"] >= 2 and estimate == "true"


def test_models(world):
    said = sdk(world, """
      const found = [];
      for await (const m of client.models.list()) found.push(m);
      return found;""")
    assert {"via-openai", "via-gemini"} <= {m["id"] for m in said.gave()}
    assert all(m["type"] == "model" for m in said.gave())


def test_demo(world):
    said = sdk(world, """
      return [await client.messages.create(ask()), await client.messages.stream(ask()).finalMessage()];""",
               key="demo", model="demo/echo")
    assert [texts(m) for m in said.gave()] == ["Hello", "Hello"]


def test_demo_tool(world):
    said = sdk(world, """
      return await client.messages.stream(ask({tools: %s,
        messages: [{role: "user", content: '!tool weather {"city":"Oslo"}'}]})).finalMessage();""" % TOOLS,
               key="demo", model="demo/echo")
    assert [(b["name"], b["input"]) for b in said.gave()["content"] if b["type"] == "tool_use"] == [CALL]
    assert said.gave()["stop_reason"] == "tool_use"


def test_native_bytes(world):
    """Asked in its own dialect, a provider gets what the SDK wrote, but the model's name."""
    to(world, "anthropic", "return await client.messages.create(ask({metadata: {user_id: 'u'}, service_tier: 'auto'}));")
    asked = world.provider.requests[0].json
    assert asked == {"model": "their-model", "max_tokens": 2000, "messages": [{"role": "user", "content": "Hello"}],
                     "metadata": {"user_id": "u"}, "service_tier": "auto"}
    assert world.provider.requests[0].header("anthropic-version") == "2023-06-01"
    assert world.provider.requests[0].header("x-api-key") == "sk-provider-secret"


# -- refusals --

CREATE = "await client.messages.create(ask(%s), {maxRetries: 0});"


def test_bad_key(world):
    error = sdk(world, CREATE % "", key="testkey1.wrong").threw("AuthenticationError", 401)
    assert error["body"]["error"]["type"] == error["type"] == "authentication_error"
    assert error["body"]["error"]["code"] == "invalid_api_key"
    assert not world.provider.requests


@pytest.mark.parametrize("more, kind, status, code", [
    ('{model: "no-such-model"}', "NotFoundError", 404, "model_not_found"),
    ('{messages: "hi"}', "BadRequestError", 400, "invalid_type"),
    ('{messages: undefined}', "BadRequestError", 400, "missing_required_parameter"),
    ('{temperature: 3}', "BadRequestError", 400, "invalid_value"),
    ('{max_tokens: 0}', "BadRequestError", 400, "invalid_value"),
    ('{tools: [{type: "bash_20250124", name: "bash"}]}', "BadRequestError", 400, "unsupported_parameter"),
])
def test_bad_request(world, more, kind, status, code):
    error = to(world, "openai", CREATE % more).threw(kind, status)
    assert error["body"]["type"] == "error" and error["body"]["request_id"]
    assert error["body"]["error"]["code"] == code
    assert error["type"] == {404: "not_found_error", 400: "invalid_request_error"}[status]
    assert not world.provider.requests


def test_model_not_permitted(world):
    error = sdk(world, CREATE % "", key="demo", model="via-openai").threw("PermissionDeniedError", 403)
    assert (error["type"], error["body"]["error"]["code"]) == ("permission_error", "model_not_permitted")


@pytest.mark.parametrize("how", ["", "{stream: true}"], ids=["whole", "stream"])
def test_budget_spent_is_not_tried_again(world, how):
    more = """{...%s, metadata: {respan_params: {customer_params: {customer_identifier: "spent", period_budget: 0,
      budget_duration: "daily"}}}}""" % (how or "{}")
    said = to(world, "openai", "await client.messages.create(ask(%s));" % more)
    error = said.threw("RateLimitError", 429)
    assert (error["type"], error["body"]["error"]["code"]) == ("rate_limit_error", "budget_exceeded")
    assert said.attempts == 1 and not world.provider.requests


@each
@pytest.mark.parametrize("status, kind", [(400, "BadRequestError"), (404, "NotFoundError"), (429, "RateLimitError"),
                                          (529, "OverloadedError")])
def test_provider_error(world, dialect, status, kind):
    world.provider.answer = Script(Fault(status))
    error = to(world, dialect, CREATE % "").threw(kind, status)
    assert (error["body"]["type"], error["body"]["error"]["message"]) == ("error", "they say no")
    assert error["body"]["request_id"]
    assert error["type"] == {400: "invalid_request_error", 404: "not_found_error", 429: "rate_limit_error",
                             529: "overloaded_error"}[status]


def test_overloaded_is_tried_again(world):
    world.provider.answer = Script(Fault(529), Fault(529), Says("late"))
    said = to(world, "gemini", "return await client.messages.create(ask());")
    assert (texts(said.gave()), said.attempts) == ("late", 3)


# -- leaving --

@each
@pytest.mark.parametrize("how", ["stream.abort()", "break"])
def test_abort_of_a_stream(world, dialect, how):
    world.provider.answer = Script(Says("one two three", cut=True))
    said = to(world, dialect, """
      const stream = client.messages.stream(ask());
      stream.on("error", () => {});
      try {
        for await (const e of stream) if (e.type === "content_block_delta") { note("text", e.delta.text); %s; }
      } catch (e) { note("error", e.constructor.name); }
      return "left";""" % how)
    assert said.gave() == "left" and said.notes["text"] == "one"
    assert said.notes.get("error") in (None, "APIUserAbortError")
    wait_for(lambda: world.provider.gone_at, 5, "the upstream to be closed")
    world.at_rest()


@each
def test_cut_stream_throws(world, dialect):
    """A provider that goes away in mid-stream: no message is made of it."""
    world.provider.answer = speak.cut_short(Says("one two three", cut=True))
    said = to(world, dialect, """
      const stream = client.messages.stream(ask());
      stream.on("text", (t) => note("text", t));
      return await stream.finalMessage();""")
    assert said.error and said.notes["text"] == "one", said.gave()
    assert said.error["kind"] in ("APIError", "InternalServerError", "AnthropicError"), said.error
