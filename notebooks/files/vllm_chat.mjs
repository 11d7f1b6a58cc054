// Ask an OpenAI-shaped server and print its answer as it comes: `node vllm_chat.mjs URL MODEL KEY`.
// Only what Node.js 18 and newer bring themselves: fetch, and a decoder for the stream.
const [base, model, key] = process.argv.slice(2);
const response = await fetch(`${base}/chat/completions`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
  body: JSON.stringify({
    model,
    stream: true,
    temperature: 0,
    max_tokens: 200,
    messages: [{ role: "user", content: "What is a KV cache?" }],
  }),
});
if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);

let rest = "";
for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + bytes).split("\n");
  rest = lines.pop(); // a line may arrive in two parts
  for (const line of lines) {
    if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
    process.stdout.write(JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "");
  }
}
process.stdout.write("\n");
