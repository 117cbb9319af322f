"""Recorded exchanges of every dialect but OpenAI chat, and the gateway and the
scripted provider that replay them.

Each case has a model and a credential of its own; the provider picks the case
by the credential that reaches it, in the header or the signature where that
kind of provider wants it.  The manner of the answer stands in the prompt.
"""
import collections
import functools
import glob
import json
import os
import random
import re

import recordings
from gateway import Gateway
from provider import LAST_CHUNK, chunked, head

# group -> (dialect of the answers, provider of the gateway, its kind or None
# for one that the gateway knows by name, path behind the address)
GROUPS = {
    "anthropic": ("anthropic", "anthropic", None, "/v1"),
    "openrouter-messages": ("anthropic", "openrouter-messages", "anthropic", "/api/v1"),
    "vertex-claude": ("anthropic", "vertex-claude", "vertex-claude", "/v1"),
    "gemini": ("gemini", "google_gemini", None, "/v1beta"),
    "vertex-gemini": ("gemini", "google_vertex_ai", None, "/v1"),
    "bedrock-converse": ("converse", "bedrock", None, ""),
    "bedrock-invoke": ("invoke", "bedrock-invoke", "bedrock-invoke", ""),
    "cohere": ("cohere", "cohere", None, ""),
    "ollama-native": ("ollama", "ollama-native", "ollama", ""),
    "azure-openai-responses": ("responses", "azure_openai", None, "/openai/v1"),
    "openai-responses": ("responses", "openai", None, "/v1"),
    "deepseek-responses": ("responses", "deepseek", None, ""),
    "xai-responses": ("responses", "xai", None, "/v1"),
    "openrouter-responses": ("responses", "openrouter", None, "/api/v1"),
    "llamacpp-responses": ("responses", "llamacpp", None, "/v1"),
    "bedrock-mantle-responses": ("responses", "bedrock_mantle", None, "/v1"),
    "chatgpt-codex-responses": ("responses", "chatgpt-codex", "openai", "/backend-api/codex"),
    "copilot-responses": ("responses", "copilot", "openai", ""),
    "mistralrs-responses": ("responses", "mistralrs", "openai", "/v1"),
    "openai-compatible-local-responses": ("responses", "local", "openai", "/v1"),
    # Errors that users of OpenAI chat reported.
    "openai-chat": ("chat", "openai", None, "/v1"),
    "azure-openai-chat": ("chat", "azure_openai", None, "/openai/v1"),
    "groq": ("chat", "groq", None, "/v1"),
    "mistral": ("chat", "mistral", None, "/v1"),
    "openrouter": ("chat", "openrouter", None, "/api/v1"),
}

# Groups that no chat client can ask for.
NO_CHAT = {
    "anthropic-count-tokens": "counts tokens",
    "azure-openai-embeddings": "embeddings",
    "cohere-embeddings": "embeddings",
    "gemini-embeddings": "embeddings",
    "mistral-embeddings": "embeddings",
    "openai-embeddings": "embeddings",
    "openrouter-embeddings": "embeddings",
    "openai-completions": "an endpoint that is not provided (api.md 1.2)",
    "cohere-v1": "the old grammar is not spoken (providers.md 2.1)",
}

AWS = ("bedrock-converse", "bedrock-invoke")
VERTEX = ("vertex-claude", "vertex-gemini")
PRICE = dict(recordings.PRICE, cache_write_1h="0.300007")

SUFFIX = {"sse": "text/event-stream", "ndjson": "application/x-ndjson",
          "eventstream": "application/vnd.amazon.eventstream", "json": "application/json"}


class Case(recordings.Case):
    def __init__(self, folder):
        super().__init__(folder)
        self.dialect, self.provider, self.kind, self.base = GROUPS[self.group]

    @property
    def streamed(self):
        return not self.meta["response_file"].endswith(".json")

    @property
    def upstream(self):
        model = self.meta.get("model") or "unknown"
        # By this the gateway tells Claude from Gemini at Vertex.
        return model if self.group != "vertex-claude" or "claude" in model else "claude-" + model

    @property
    def content_type(self):
        return self.meta["response_headers"].get("content-type", SUFFIX[self.meta["response_file"].split(".")[-1]])


@functools.lru_cache(None)
def dialect_cases():
    """Every recorded exchange but those of test_recordings.py, by name."""
    found = {}
    for folder in sorted(f for depth in ("/*/*", "/_*/*/*") for f in glob.glob(recordings.ROOT + depth)):
        if folder.split("/")[-2] in GROUPS and os.path.exists(folder + "/meta.json"):
            case = Case(folder)
            if case.name not in recordings.chat_cases():
                found[case.name] = case
    return found


# -- settings --

def credential(case, n, environment, port):
    """One credential that is the case's name, in the form of its kind."""
    secret = "env:CASE_%d" % n
    environment["CASE_%d" % n] = "case:" + case.name
    if case.group in AWS:
        environment["CASE_%d" % n] = "case:" + case.name.replace("/", "__")
        what = ('aws_access_key_id = "%s"; aws_secret_access_key = "env:CASE_SECRET"; aws_region_name = "eu-west-1";'
                % secret)
    elif case.group in VERTEX:
        environment["CASE_%d" % n] = json.dumps({"access_token": "case:" + case.name})
        what = 'vertex_ai_credentials = "%s"; vertex_ai_project = "case-%d"; vertex_ai_location = "us-east5";' % (
            secret, n)
    else:
        what = 'api_key = "%s";' % secret
    if case.provider == "azure_openai":
        what += ' api_base = "http://127.0.0.1:%d%s";' % (port, case.base)
    return '{ name = "c%d"; %s available_models = [ "%s" ]; }' % (n, what, case.slug)


def price():
    return " ".join('%s = "%s";' % x for x in PRICE.items())


def settings(port, cases, features=()):
    """(text, environment) of a gateway that serves all the cases."""
    environment = {"CASE_SECRET": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    models, credentials, how = [], collections.defaultdict(list), {}
    for n, case in enumerate(cases.values()):
        credentials[case.provider].append(credential(case, n, environment, port))
        how[case.provider] = (case.kind, case.base)
        able = list(features) + (["responses_only"] if case.dialect == "responses" else [])
        models.append('{ name = "%s"; provider = "%s"; upstream = %s; features = %s; price = { %s }; }' % (
            case.slug, case.provider, json.dumps(case.upstream), json.dumps(able), price()))
    providers = ['{ name = "%s"; %s base_url = "http://127.0.0.1:%d%s"; credentials = (\n%s ); }' % (
        name, 'kind = "%s";' % kind if kind else "", port, base, ",\n".join(credentials[name]))
                 for name, (kind, base) in how.items()]
    return "providers = ( %s );\nmodels = ( %s );" % (",\n".join(providers), ",\n".join(models)), environment


def gateway_for(provider, cases, features=()):
    text, environment = settings(provider.port, cases, features)
    g = Gateway(extra=text)
    g.provider, g.environment = provider, environment
    return g


# -- the provider --

def caller(request):
    """The credential of a request: what stands behind case: is the case's name."""
    for name in ("x-api-key", "x-goog-api-key", "api-key", "Authorization"):
        value = request.header(name)
        if value:
            aws = re.search(r"Credential=case:([^/]*)/", value)
            if aws:
                return aws.group(1).replace("__", "/")
            at = value.find("case:")
            return value[at + len("case:"):] if at >= 0 else value
    project = re.search(r"/projects/case-(\d+)/", request.path)
    return list(dialect_cases())[int(project.group(1))] if project else None


def pieces(body, step, seed):
    rng, at = random.Random(seed), 0
    while at < len(body):
        n = step or rng.randint(1, 700)
        yield body[at:at + n]
        at += n


def replay(request):
    """The recorded answer, in the manner that the prompt says."""
    return told(dialect_cases()[caller(request)], request)


def told(case, request):
    manner = re.search(rb"~([a-z]+) (\d+)~", request.body)
    how, n = (manner.group(1), int(manner.group(2))) if manner else (b"whole", 0)
    fields = (("Content-Type", case.content_type),) + tuple(
        (k, v) for k, v in case.meta["response_headers"].items() if k.startswith("x-amzn-"))
    top = head(case.status, fields + (("Transfer-Encoding", "chunked"),))
    if how == b"cut":  # the connection ends inside the one chunk
        return [top + b"%x\r\n" % len(case.body) + case.body[:n], ("fin",)]
    if how == b"short":  # an end in good order, too early
        return [top + (chunked(case.body[:n]) if n else b"") + LAST_CHUNK]
    if how == b"pieces":
        return [top] + [chunked(p) for p in pieces(case.body, n, case.name)] + [LAST_CHUNK]
    return [head(case.status, fields + (("Content-Length", len(case.body)),)) + case.body]
