"""The Vercel AI SDK, by its providers of OpenAI, Anthropic and Google, against
a running gateway whose providers speak each dialect."""
import pytest
import speak
from conftest import run_sdk
from gateway import KEY, wait_for
from speak import CALL, DIALECTS, Fault, Says, Script, spoken

PROVIDERS = ("openai", "chat", "anthropic", "google")
TOOLS = """{weather: ai.tool({description: "d", inputSchema: z.object({city: z.string()}),
  execute: async ({city}) => city + " -3"})}"""

# Every provider of the SDK with every dialect of the gateway's provider.
each = pytest.mark.parametrize("provider, dialect", [(p, d) for p in PROVIDERS for d in DIALECTS])


def to(world, provider, dialect, script, **kw):
    kw = {"model": "via-" + dialect, **kw}
    return run_sdk("ai", world, script, env={"PROVIDER": provider}, **kw)


@each
def test_text_and_stream(world, provider, dialect):
    world.provider.answer = Script(Says("One, zwei,\n \U0001f680 \" \\ three"))
    said = to(world, provider, dialect, """
      const whole = await ai.generateText({model, system: "Be brief.", prompt: "Hello"});
      const stream = ai.streamText({model, prompt: "Hello", onError: ({error}) => { throw error; }});
      let text = "";
      for await (const t of stream.textStream) text += t;
      return [[whole.text, whole.finishReason, whole.usage], [text, await stream.finishReason, await stream.usage]];""")
    for text, reason, usage in said.gave():
        assert (text, reason) == ("One, zwei,\n \U0001f680 \" \\ three", "stop")
        assert (usage["inputTokens"], usage["outputTokens"]) == (11, 7)
    assert said.attempts == 2 and b"Be brief." in world.provider.requests[0].body


@each
def test_tool_loop(world, provider, dialect):
    """generateText and streamText call the tool and send back what it said."""
    world.provider.answer = Script(Says(calls=[CALL]), Says("cold"), Says(calls=[CALL]), Says("cold"))
    said = to(world, provider, dialect, """
      const question = {model, tools: %s, stopWhen: ai.stepCountIs(3), prompt: "How is Oslo?"};
      const whole = await ai.generateText(question);
      const stream = ai.streamText({...question, onError: ({error}) => { throw error; }});
      const steps = await stream.steps;
      return [whole.steps, steps].map((all) => all.map((s) => [s.text, s.finishReason, s.toolCalls.map((c) => c.input)]));"""
              % TOOLS)
    assert said.gave() == [[["", "tool-calls", [CALL[1]]], ["cold", "stop", []]]] * 2
    for request in (world.provider.requests[1], world.provider.requests[3]):
        speak.expect_result(request, spoken(request), "Oslo -3")


@each
def test_object(world, provider, dialect):
    world.provider.answer = Script(Says('{"a": 1}'))
    said = to(world, provider, dialect, """
      const schema = z.object({a: z.number().int()});
      const stream = ai.streamObject({model, schema, prompt: "Hello", onError: ({error}) => { throw error; }});
      for await (const part of stream.partialObjectStream) note("last", part);
      return [(await ai.generateObject({model, schema, prompt: "Hello"})).object, await stream.object];""")
    assert said.gave() == [{"a": 1}, {"a": 1}]
    assert b'"a"' in world.provider.requests[0].body


@each
def test_image(world, provider, dialect):
    to(world, provider, dialect, """
      return (await ai.generateText({model, messages: [{role: "user", content: [
        {type: "text", text: "What is it?"}, {type: "image", image: "iVBORw0KGgo=", mediaType: "image/png"}]}]})).text;""")
    assert b"iVBORw0KGgo=" in world.provider.requests[0].body


@each
def test_abort_of_a_stream(world, provider, dialect):
    world.provider.answer = Script(Says("one two three", cut=True))
    said = to(world, provider, dialect, """
      const stop = new AbortController();
      const stream = ai.streamText({model, prompt: "Hello", abortSignal: stop.signal, onError: () => {}});
      for await (const part of stream.fullStream) {
        note(part.type, part.text ?? true);
        if (part.type === "text-delta") stop.abort();
      }""")
    assert said.notes["text-delta"] == "one" and said.notes["abort"]
    wait_for(lambda: world.provider.gone_at, 5, "the upstream to be closed")
    world.at_rest()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_demo(world, provider):
    """Google's provider takes a name with a slash for the whole path."""
    model = ("models/" if provider == "google" else "") + "demo/echo"
    said = to(world, provider, "openai", """
      return [(await ai.generateText({model, prompt: "Hello"})).text,
              await ai.streamText({model, prompt: "Hello"}).text];""", key="demo", model=model)
    assert said.gave() == ["Hello", "Hello"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("model, key, status, message", [
    ("no-such-model", KEY, 404, "Requested model no-such-model is not available in the model list"),
    ("via-openai", "testkey1.wrong", 401, "Your API key is invalid or expired, please check your API key."),
], ids=["model", "key"])
def test_refused(world, provider, model, key, status, message):
    said = to(world, provider, "openai", 'await ai.generateText({model, prompt: "Hello", maxRetries: 0});', model=model, key=key)
    error = said.error
    assert (error["name"], error["status"], error["message"]) == ("AI_APICallError", status, message)
    assert not world.provider.requests


@each
def test_provider_error(world, provider, dialect):
    world.provider.answer = Script(Fault(429))
    said = to(world, provider, dialect, """
      try { await ai.generateText({model, prompt: "Hello", maxRetries: 0}); }
      catch (e) { return [e.name, e.statusCode, e.message, e.isRetryable]; }""")
    assert said.gave() == ["AI_APICallError", 429, "they say no", True]
