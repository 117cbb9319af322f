import { GoogleGenAI } from "@google/genai";

export const scope = ({ BASE_URL, API_KEY, MODEL }) => ({
  client: new GoogleGenAI({ apiKey: API_KEY, httpOptions: { baseUrl: BASE_URL } }),
  ask: (config = {}, more = {}) => ({ model: MODEL, contents: "Hello", config, ...more }),
});
