// The Vercel AI SDK through the gateway; prints what it was told, one JSON line per case.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from "ai";

const { URL: url, KEY, SPENT_KEY, PICTURE } = process.env;
const compatible = (apiKey = KEY) =>
  createOpenAICompatible({ name: "foundry", baseURL: `${url}/v1`, apiKey, includeUsage: true, supportsStructuredOutputs: true });
const model = (key) => compatible(key).chatModel("openai/gpt-4o");
const say = (name, text, usage) =>
  console.log(JSON.stringify({ case: name, text, usage: usage && [usage.inputTokens, usage.outputTokens] }));
const weather = tool({
  description: "Now, there.",
  inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } }, required: ["city"] }),
});
const city = jsonSchema({
  type: "object",
  properties: { city: { type: "string" }, people: { type: "integer" } },
  required: ["city", "people"],
  additionalProperties: false,
});

async function refused(name, key, id = "openai/gpt-4o") {
  try {
    await generateText({ model: compatible(key).chatModel(id), prompt: "Hello", maxRetries: 0 });
  } catch (error) {
    console.log(
      JSON.stringify({
        case: name, status: error.statusCode, class: error.name, said: error.responseBody,
        retry_after: error.responseHeaders?.["retry-after"], retryable: error.isRetryable,
      }),
    );
  }
}

const whole = await generateText({ model: model(), prompt: "Hello" });
say("whole", whole.text, whole.usage);
const stream = streamText({ model: model(), prompt: "Hello" });
let text = "";
for await (const part of stream.textStream) text += part;
say("stream", text, await stream.usage);
const called = await generateText({ model: model(), prompt: "The weather?", tools: { get_weather: weather } });
say("tool", called.toolCalls[0].input, called.usage);
const said = await generateText({
  model: model(),
  tools: { get_weather: weather },
  messages: [
    { role: "user", content: "The weather?" },
    ...called.response.messages,
    {
      role: "tool",
      content: [
        {
          type: "tool-result", toolCallId: called.toolCalls[0].toolCallId, toolName: "get_weather",
          output: { type: "text", value: "21" },
        },
      ],
    },
  ],
});
say("what a tool said", said.text, said.usage);
const seen = await generateText({
  model: model(),
  messages: [{ role: "user", content: [{ type: "text", text: "What is in the picture?" }, { type: "image", image: PICTURE }] }],
});
say("picture", seen.text, seen.usage);
const shaped = await generateText({ model: model(), prompt: "Zürich as JSON", output: Output.object({ schema: city }) });
say("structure", shaped.output, shaped.usage);
const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: KEY });
const answered = await generateText({ model: openai.responses("openai/gpt-4o"), prompt: "Hello" });
say("responses", answered.text, answered.usage);
const vectors = await embedMany({
  model: compatible().textEmbeddingModel("openai/text-embedding-3-small"), values: ["one", "two"],
});
say("embeddings", vectors.embeddings, { inputTokens: vectors.usage.tokens, outputTokens: 0 });
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: KEY });
const message = await generateText({ model: anthropic("anthropic/claude-foreign-1"), prompt: "Hello" });
say("messages", message.text, message.usage);
await refused("401", "sk-fdy-none");
await refused("403", SPENT_KEY, "openai/text-embedding-3-small");
await refused("429", SPENT_KEY);
