"""Google's SDK for Node as it is published, against a running gateway whose
providers speak Gemini's dialect and others."""
import functools
import json

import pytest
import speak
from conftest import run_sdk
from gateway import wait_for
from speak import CALL, DIALECTS, Fault, Says, Script, spoken

sdk = functools.partial(run_sdk, "google")
TOOLS = '[{functionDeclarations: [{name: "weather", description: "d", parameters: {type: "OBJECT", ' \
    'properties: {city: {type: "STRING"}}}}]}]'
each = pytest.mark.parametrize("dialect", DIALECTS)


def to(world, dialect, script, **kw):
    said = sdk(world, script, model="via-" + dialect, **kw)
    assert {spoken(r) for r in world.provider.requests} <= {dialect}
    return said


# The same question whole and as a stream: the parts of the first candidate,
# and what came last of reason and usage.
BOTH = pytest.mark.parametrize("ask", [
    """const ask = async (q) => {
      const r = await client.models.generateContent(q);
      return {parts: r.candidates[0].content.parts, finish: r.candidates[0].finishReason, usage: r.usageMetadata};
    };""",
    """const ask = async (q) => {
      const all = {parts: []};
      for await (const r of await client.models.generateContentStream(q)) {
        all.parts.push(...(r.candidates?.[0]?.content?.parts ?? []));
        all.finish = r.candidates?.[0]?.finishReason ?? all.finish;
        all.usage = r.usageMetadata ?? all.usage;
      }
      return all;
    };"""], ids=["whole", "stream"])


def texts(answer, thought=False):
    return "".join(p["text"] for p in answer["parts"] if "text" in p and bool(p.get("thought")) == thought)


# -- answers --

@each
@BOTH
def test_text(world, dialect, ask):
    world.provider.answer = Script(Says("One, zwei,\n \U0001f680 \" \\ three"))
    said = to(world, dialect, "const q = ask({systemInstruction: 'Be brief.', temperature: 0.5, maxOutputTokens: 100});"
              "{ %s return await ask(q); }" % ask)
    assert texts(said.gave()) == "One, zwei,\n \U0001f680 \" \\ three"
    assert (said.gave()["finish"], said.attempts) == ("STOP", 1)
    usage = said.gave()["usage"]
    assert (usage["promptTokenCount"], usage["candidatesTokenCount"], usage["totalTokenCount"]) == (11, 7, 18)
    assert b"Be brief." in world.provider.requests[0].body


@each
@BOTH
def test_thoughts(world, dialect, ask):
    world.provider.answer = Script(Says("42", thought="Six times seven."))
    said = to(world, dialect, "const q = ask({thinkingConfig: {includeThoughts: true, thinkingBudget: 1024}});"
              "{ %s return await ask(q); }" % ask)
    assert (texts(said.gave(), True), texts(said.gave())) == ("Six times seven.", "42")


@each
@BOTH
def test_function_call_round_trip(world, dialect, ask):
    world.provider.answer = Script(Says(calls=[CALL]), Says("cold"))
    said = to(world, dialect, """
      const q = ask({tools: %s}, {contents: [{role: "user", parts: [{text: "How is Oslo?"}]}]});
      { %s
        const first = await ask(q);
        note("first", first);
        const call = first.parts.find((p) => p.functionCall).functionCall;
        q.contents.push({role: "model", parts: first.parts}, {role: "user", parts: [
          {functionResponse: {id: call.id, name: call.name, response: {output: "-3 degrees"}}}]});
        return await ask(q);
      }""" % (TOOLS, ask))
    first = said.notes["first"]
    call = [p["functionCall"] for p in first["parts"] if "functionCall" in p][0]
    assert (call["name"], call["args"]) == CALL and first["finish"] == "STOP"
    assert texts(said.gave()) == "cold"
    speak.expect_result(world.provider.requests[1], dialect, "-3 degrees")


@each
def test_chat(world, dialect):
    """The SDK's own history of a chat."""
    world.provider.answer = Script(Says("first"), Says("second"))
    said = to(world, dialect, """
      const chat = client.chats.create({model: ask().model});
      await chat.sendMessage({message: "one"});
      for await (const r of await chat.sendMessageStream({message: "two"})) note("last", r.text);
      return chat.getHistory().map((c) => [c.role, c.parts.map((p) => p.text).join("")]).filter(([, text]) => text);""")
    assert said.gave() == [["user", "one"], ["model", "first"], ["user", "two"], ["model", "second"]]
    sent = world.provider.requests[1].body
    assert sent.index(b'"one"') < sent.index(b'"first"') < sent.index(b'"two"')


@each
def test_image(world, dialect):
    to(world, dialect, """
      return await client.models.generateContent(ask({}, {contents: [{role: "user", parts: [
        {inlineData: {mimeType: "image/png", data: "iVBORw0KGgo="}}, {text: "What is it?"}]}]}));""")
    assert b"iVBORw0KGgo=" in world.provider.requests[0].body
    assert b"image/png" in world.provider.requests[0].body


@each
def test_json_schema(world, dialect):
    world.provider.answer = Script(Says('{"a": 1}'))
    said = to(world, dialect, """
      return (await client.models.generateContent(ask({responseMimeType: "application/json",
        responseSchema: {type: "OBJECT", properties: {a: {type: "INTEGER"}}, required: ["a"]}}))).text;""")
    assert json.loads(said.gave()) == {"a": 1}
    assert b"integer" in world.provider.requests[0].body.lower()


@each
def test_count_tokens(world, dialect):
    if dialect == "gemini":
        world.provider.answer = lambda r: speak.json_reply({"totalTokens": 1234})
    said = sdk(world, "return await client.models.countTokens({model: ask().model, contents: 'Hello'});",
               model="via-" + dialect)
    if dialect == "gemini":
        assert said.gave()["totalTokens"] == 1234
        assert world.provider.requests[0].path.split("?")[0] == "/gemini/v1beta/models/their-model:countTokens"
    else:
        assert said.gave()["totalTokens"] >= 2 and not world.provider.requests


def test_models(world):
    said = sdk(world, """
      const found = [];
      for await (const m of await client.models.list()) found.push(m.name);
      return found;""")
    assert {"models/via-openai", "models/via-gemini"} <= set(said.gave())


@BOTH
def test_demo(world, ask):
    said = sdk(world, "const q = ask(); { %s return await ask(q); }" % ask, key="demo", model="demo/echo")
    assert (texts(said.gave()), said.gave()["finish"]) == ("Hello", "STOP")


def test_native_bytes(world):
    """Asked in its own dialect, a provider gets what the SDK wrote."""
    to(world, "gemini", "return await client.models.generateContent(ask({topK: 3, safetySettings: []}));")
    request = world.provider.requests[0]
    assert request.path.split("?")[0] == "/gemini/v1beta/models/their-model:generateContent"
    assert request.json["contents"] == [{"role": "user", "parts": [{"text": "Hello"}]}]
    assert request.json["generationConfig"]["topK"] == 3 and request.json["safetySettings"] == []
    assert request.header("x-goog-api-key") == "sk-provider-secret"


# -- refusals: the message is the body --

GENERATE = "await client.models.generateContent(ask(%s));"


def refused(said, status):
    error = said.threw("ApiError", status)
    body = json.loads(error["message"])["error"]
    assert body["code"] == status
    return body


def reason(body):
    return body["details"][0]["reason"]


def test_bad_key(world):
    body = refused(sdk(world, GENERATE % "", key="testkey1.wrong"), 401)
    assert (body["status"], reason(body)) == ("UNAUTHENTICATED", "INVALID_API_KEY")
    assert not world.provider.requests


@pytest.mark.parametrize("more, status, word, why", [
    ('{}, {model: "no-such-model"}', 404, "NOT_FOUND", "MODEL_NOT_FOUND"),
    ('{temperature: 9}', 400, "INVALID_ARGUMENT", "INVALID_VALUE"),
    ('{cachedContent: "cachedContents/1"}', 400, "INVALID_ARGUMENT", "UNSUPPORTED_PARAMETER"),
    ('{tools: [{googleSearch: {}}]}', 400, "INVALID_ARGUMENT", "UNSUPPORTED_PARAMETER"),
])
def test_bad_request(world, more, status, word, why):
    body = refused(to(world, "openai", GENERATE % more), status)
    assert (body["status"], reason(body)) == (word, why)
    assert not world.provider.requests


@BOTH
def test_model_not_permitted(world, ask):
    said = sdk(world, "const q = ask(); { %s return await ask(q); }" % ask, key="demo", model="via-openai")
    body = refused(said, 403)
    assert (body["status"], reason(body)) == ("PERMISSION_DENIED", "MODEL_NOT_PERMITTED")


@each
@pytest.mark.parametrize("status, word", [(400, "INVALID_ARGUMENT"), (429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE")])
def test_provider_error(world, dialect, status, word):
    world.provider.answer = Script(Fault(status))
    body = refused(to(world, dialect, GENERATE % ""), status)
    assert body["message"] == "they say no"
    assert body["status"] == (word if dialect != "gemini" else "RESOURCE_EXHAUSTED")


# -- leaving --

@each
@pytest.mark.parametrize("how", ["stop.abort()", "leave(); break"])  # its break keeps the connection
def test_abort_of_a_stream(world, dialect, how):
    world.provider.answer = Script(Says("one two three", cut=True))
    said = to(world, dialect, """
      const stop = new AbortController();
      try {
        for await (const r of await client.models.generateContentStream(ask({abortSignal: stop.signal}))) {
          note("text", r.text);
          %s;
        }
      } catch (e) { note("error", e.name); }
      return "left";""" % how)
    assert (said.gave(), said.notes["text"]) == ("left", "one")
    assert said.notes.get("error") == ("AbortError" if "abort" in how else None)
    wait_for(lambda: world.provider.gone_at, 5, "the upstream to be closed")
    world.at_rest()


@each
def test_cut_stream_throws(world, dialect):
    world.provider.answer = speak.cut_short(Says("one two three", cut=True))
    said = to(world, dialect, """
      for await (const r of await client.models.generateContentStream(ask())) note("text", r.text);""")
    assert said.error and said.notes["text"] == "one", said.gave()
