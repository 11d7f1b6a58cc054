// Ask Ollama from Node.js with fetch only: node ollama_chat.mjs URL MODEL QUESTION
const [url, model, question] = process.argv.slice(2);

const response = await fetch(`${url}/api/chat`, {
  method: "POST",
  body: JSON.stringify({
    model,
    messages: [{ role: "user", content: question }],
    options: { temperature: 0 },
  }),
});
if (!response.ok) {
  console.error(response.status, (await response.json()).error);
  process.exit(1);
}

// A chunk of the network is not a line: keep what is left over for the next one.
let rest = "";
const decoder = new TextDecoder();
for await (const chunk of response.body) {
  const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
  rest = lines.pop();
  for (const line of lines.filter(Boolean)) {
    const event = JSON.parse(line);
    if (event.error) throw new Error(event.error);
    process.stdout.write(event.message.content);
    if (event.done) {
      const speed = event.eval_count / (event.eval_duration / 1e9);
      console.log(`\n(${event.eval_count} tokens, ${speed.toFixed(0)} a second)`);
    }
  }
}
