"""OpenAI's SDK and its Responses API, against a running gateway whose
providers speak it and other dialects."""
import json

import pytest
import speak
from conftest import run_sdk
from gateway import wait_for
from speak import CALL, DIALECTS, Fault, Says, Script, spoken

TOOLS = '[{type: "function", name: "weather", strict: false, parameters: {type: "object", properties: {city: {type: "string"}}}}]'
each = pytest.mark.parametrize("dialect", DIALECTS)


def to(world, dialect, script, **kw):
    said = run_sdk("openai", world, script, model="via-" + dialect, **kw)
    asked = {spoken(r) for r in world.provider.requests}
    # Who speaks OpenAI's dialects is asked in this one.
    assert asked <= ({"openai", "responses"} if dialect in ("openai", "responses") else {dialect})
    return said


# -- answers --

@each
def test_text(world, dialect):
    said = to(world, dialect, "return await client.responses.create(respond({instructions: 'Be brief.'}));")
    assert said.gave()["output_text"] == "Hällo there"
    assert (said.gave()["object"], said.gave()["status"], said.attempts) == ("response", "completed", 1)
    usage = said.gave()["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (11, 7, 18)
    assert b"Be brief." in world.provider.requests[0].body


@each
def test_events_of_a_stream(world, dialect):
    world.provider.answer = Script(Says("One, zwei,\n \U0001f680 \" \\ three"))
    said = to(world, dialect, """
      const events = [];
      for await (const e of await client.responses.create(respond({stream: true}))) events.push(e);
      return events;""")
    kinds = [e["type"] for e in said.gave()]
    assert [e["sequence_number"] for e in said.gave()] == list(range(len(kinds)))
    assert kinds[:2] == ["response.created", "response.in_progress"] and kinds[-1] == "response.completed"
    words = "".join(e["delta"] for e in said.gave() if e["type"] == "response.output_text.delta")
    assert words == "One, zwei,\n \U0001f680 \" \\ three"
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == 1
    assert said.gave()[-1]["response"]["usage"]["total_tokens"] == 18


@each
def test_stream_helper(world, dialect):
    """The SDK's accumulator: items, parts and deltas must fit together."""
    world.provider.answer = Script(Says("one two", thought="Hm."))
    said = to(world, dialect, "return await client.responses.stream(respond()).finalResponse();")
    assert said.gave()["output_text"] == "one two"
    assert said.gave()["output"][0]["type"] == "reasoning"
    assert [i["type"] for i in said.gave()["output"]] == ["reasoning", "message"]


@each
@pytest.mark.parametrize("how", ["create(%s)", "stream(%s).finalResponse()"], ids=["whole", "stream"])
def test_tool_round_trip(world, dialect, how):
    world.provider.answer = Script(Says(calls=[CALL]), Says("cold"))
    said = to(world, dialect, """
      const tools = %s;
      const input = [{role: "user", content: "How is Oslo?"}];
      const first = await client.responses.%s;
      const call = first.output.find((i) => i.type === "function_call");
      note("call", call);
      input.push({type: "function_call", call_id: call.call_id, name: call.name, arguments: call.arguments},
        {type: "function_call_output", call_id: call.call_id, output: "-3 degrees"});
      return await client.responses.%s;""" % (TOOLS, how % "respond({input, tools})", how % "respond({input, tools})"))
    call = said.notes["call"]
    assert (call["name"], json.loads(call["arguments"])) == CALL and call["call_id"]
    assert said.gave()["output_text"] == "cold"
    speak.expect_result(world.provider.requests[1], spoken(world.provider.requests[1]), "-3 degrees")


@each
def test_image(world, dialect):
    to(world, dialect, """
      return await client.responses.create(respond({input: [{role: "user", content: [
        {type: "input_image", image_url: "data:image/png;base64,iVBORw0KGgo=", detail: "auto"},
        {type: "input_text", text: "What is it?"}]}]}));""")
    assert b"iVBORw0KGgo=" in world.provider.requests[0].body


@each
def test_json_schema(world, dialect):
    world.provider.answer = Script(Says('{"a": 1}'))
    said = to(world, dialect, """
      return await client.responses.parse(respond({text: {format: {type: "json_schema", name: "s", strict: true, schema: {
        type: "object", properties: {a: {type: "integer"}}, required: ["a"], additionalProperties: false}}}}));""")
    assert json.loads(said.gave()["output_text"]) == {"a": 1}
    assert b'"integer"' in world.provider.requests[0].body


def test_demo(world):
    said = run_sdk("openai", world, """
      const whole = await client.responses.create(respond());
      const streamed = await client.responses.stream(respond()).finalResponse();
      return [whole.output_text, streamed.output_text];""", key="demo", model="demo/echo")
    assert said.gave() == ["Hello", "Hello"]


# -- refusals --

CREATE = "await client.responses.create(respond(%s), {maxRetries: 0});"


@pytest.mark.parametrize("dialect, more, kind, status, code", [
    ("anthropic", '{model: "no-such-model"}', "NotFoundError", 404, "model_not_found"),
    ("anthropic", '{input: 7}', "BadRequestError", 400, "invalid_type"),
    ("anthropic", '{input: undefined}', "BadRequestError", 400, "missing_required_parameter"),
    ("anthropic", '{temperature: 3}', "BadRequestError", 400, "invalid_value"),
    ("anthropic", '{previous_response_id: "resp_0"}', "BadRequestError", 400, "unsupported_parameter"),
    ("gemini", '{tools: [{type: "web_search"}]}', "BadRequestError", 400, "unsupported_parameter"),
])
def test_bad_request(world, dialect, more, kind, status, code):
    error = to(world, dialect, CREATE % more).threw(kind, status, code)
    assert error["type"] == "respan_error" and not world.provider.requests


def test_bad_key(world):
    to(world, "openai", CREATE % "", key="testkey1.wrong").threw("AuthenticationError", 401, "invalid_api_key")
    assert not world.provider.requests


@each
@pytest.mark.parametrize("status, kind", [(400, "BadRequestError"), (429, "RateLimitError"), (529, "InternalServerError")])
def test_provider_error(world, dialect, status, kind):
    world.provider.answer = Script(Fault(status))
    error = to(world, dialect, CREATE % "").threw(kind, status)
    assert "they say no" in error["message"]


def test_stored_responses_are_not_provided(world):
    run_sdk("openai", world, 'await client.responses.retrieve("resp_1", {}, {maxRetries: 0});').threw(
        "NotFoundError", 404, "unsupported_endpoint")


# -- leaving --

@each
@pytest.mark.parametrize("how", ["stream.controller.abort()", "break"])
def test_abort_of_a_stream(world, dialect, how):
    world.provider.answer = Script(Says("one two three", cut=True))
    said = to(world, dialect, """
      const stream = await client.responses.create(respond({stream: true}));
      for await (const e of stream) if (e.type === "response.output_text.delta") { note("text", e.delta); %s; }
      return "left";""" % how)
    assert (said.gave(), said.notes["text"]) == ("left", "one")
    wait_for(lambda: world.provider.gone_at, 5, "the upstream to be closed")
    world.at_rest()


@each
def test_cut_stream_throws(world, dialect):
    world.provider.answer = speak.cut_short(Says("one two three", cut=True))
    said = to(world, dialect, """
      for await (const e of await client.responses.create(respond({stream: true})))
        if (e.type === "response.output_text.delta") note("text", e.delta);""")
    assert said.error and said.notes["text"] == "one", said.gave()
