import Anthropic from "@anthropic-ai/sdk";

export const scope = ({ BASE_URL, API_KEY, MODEL }) => ({
  Anthropic,
  client: new Anthropic({ baseURL: BASE_URL, apiKey: API_KEY }),
  ask: (more = {}) => ({ model: MODEL, max_tokens: 2000, messages: [{ role: "user", content: "Hello" }], ...more }),
});
