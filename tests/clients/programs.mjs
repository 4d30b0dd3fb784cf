// SPDX-License-Identifier: MIT
// Vercel's AI SDK through nim; prints one line of JSON for each check. BASE and TOKEN come from the environment; the
// packages are found in CLIENTS/node_modules.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.CLIENTS + "/package.json");
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { createAnthropic } = await load("@ai-sdk/anthropic");
const { generateText, streamText, tool, jsonSchema, stepCountIs, APICallError } = await load("ai");
const provider = createAnthropic({ baseURL: process.env.BASE + "/v1", apiKey: process.env.TOKEN });
const say = (...turns) => turns.map((turn) => `<|say|>${turn}<|/say|>`).join("\n");
const call = (name, args) => `<tool_call>${JSON.stringify({ name, arguments: args })}</tool_call>`;
const model = (id = "claude-sonnet-4-5") => ({ model: provider(id), maxRetries: 0, maxOutputTokens: 500 });

function equal(one, two) {
	if (JSON.stringify(one) !== JSON.stringify(two))
		throw new Error(`${JSON.stringify(one)} is not ${JSON.stringify(two)}`);
}

const weather = tool({
	description: "The weather at a path",
	inputSchema: jsonSchema({ type: "object", properties: { path: { type: "string" } }, required: ["path"] }),
	execute: async ({ path }) => `rain at ${path}`,
});

const checks = {
	async text() {
		const answer = await generateText({ ...model(), prompt: say("Grüße 🙂") });
		equal([answer.text, answer.finishReason], ["Grüße 🙂", "stop"]);
		equal(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0, true);
	},
	async stream() {
		const answer = streamText({ ...model(), prompt: say("One two three 🙂") });
		let text = "";
		for await (const piece of answer.textStream)
			text += piece;
		equal([text, await answer.finishReason], ["One two three 🙂", "stop"]);
	},
	async tools() {
		for (const go of [generateText, streamText]) {
			const answer = go({ ...model(), tools: { get_weather: weather }, stopWhen: stepCountIs(3),
				prompt: "Go. " + say("I look. " + call("get_weather", { path: "/a" }), "It rains.") });
			const done = await answer;
			equal(await done.text, "It rains.");
			equal((await done.steps)[0].toolResults.map((r) => r.output), ["rain at /a"]);
		}
	},
	async thinking() {
		const options = { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } };
		const answer = await generateText({ ...model(), maxOutputTokens: 4000, providerOptions: options,
			prompt: say("<think>Hm.</think>Yes.") });
		equal([answer.reasoningText, answer.text], ["Hm.", "Yes."]);
	},
	async errors() {
		for (const [name, status] of [["429-bare", 429], ["503-worker", 529], ["400", 400]]) {
			try {
				await generateText({ ...model("mock/" + name), prompt: "x" });
			} catch (error) {
				equal([APICallError.isInstance(error), error.statusCode], [true, status]);
				continue;
			}
			throw new Error("it did not fail");
		}
	},
};

for (const [name, check] of Object.entries(checks)) {
	let problem = null;
	try {
		await check();
	} catch (error) {
		problem = String(error.stack ?? error);
	}
	console.log(JSON.stringify({ name, problem }));
}
