import OpenAI from "openai";

export const scope = ({ BASE_URL, API_KEY, MODEL }) => ({
  OpenAI,
  client: new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY }),
  ask: (more = {}) => ({ model: MODEL, messages: [{ role: "user", content: "Hello" }], ...more }),
  respond: (more = {}) => ({ model: MODEL, input: "Hello", ...more }),
});
