// The Vercel AI SDK; `model` is the one of the provider that PROVIDER names.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import * as ai from "ai";
import { z } from "zod";

const providers = {
  anthropic: (url, apiKey) => createAnthropic({ baseURL: `${url}/api/anthropic/v1`, apiKey }),
  google: (url, apiKey) => createGoogleGenerativeAI({ baseURL: `${url}/api/google/gemini/v1beta`, apiKey }),
  openai: (url, apiKey) => createOpenAI({ baseURL: `${url}/api`, apiKey }).responses,
  chat: (url, apiKey) => createOpenAI({ baseURL: `${url}/api`, apiKey }).chat,
};

export const scope = ({ BASE_URL, API_KEY, MODEL, PROVIDER }) => ({
  ai,
  z,
  model: providers[PROVIDER](BASE_URL, API_KEY)(MODEL),
});
