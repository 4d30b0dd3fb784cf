// SPDX-License-Identifier: MIT
// Runs Anthropic's SDK for JavaScript through nim and prints one line of JSON for each check.
// BASE and TOKEN come from the environment; the SDK, of that name or the newest, is found in CLIENTS/node_modules.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.CLIENTS + "/package.json");
const { default: Anthropic } = await import(pathToFileURL(require.resolve(process.env.SDK ?? "@anthropic-ai/sdk")));
const client = (more = {}) =>
	new Anthropic({ baseURL: process.env.BASE, apiKey: process.env.TOKEN, maxRetries: 0, ...more });
const tools = JSON.parse(process.env.TOOLS);
const ask = (content, model = "claude-opus-5-5", more = {}) => ({
	model, max_tokens: 500, messages: [{ role: "user", content }], ...more,
});
const say = (...turns) => turns.map((turn) => `<|say|>${turn}<|/say|>`).join("\n");
const call = (name, args) => `<tool_call>${JSON.stringify({ name, arguments: args })}</tool_call>`;

async function streamed(body, more) {
	const stream = client(more).messages.stream(body);
	let text = "";
	stream.on("text", (piece) => { text += piece; });
	const message = await stream.finalMessage();
	equal(text, message.content.filter((b) => b.type === "text").map((b) => b.text).join(""));
	return message;
}

const created = (body, more) => client(more).messages.create(body);

function equal(one, two) {
	if (JSON.stringify(one) !== JSON.stringify(two))
		throw new Error(`${JSON.stringify(one)} is not ${JSON.stringify(two)}`);
}

async function fails(promise) {
	try {
		await promise;
	} catch (error) {
		return error;
	}
	throw new Error("it did not fail");
}

const checks = {
	async text() {
		for (const go of [created, streamed]) {
			const message = await go(ask(say("Grüße 🙂")));
			equal(message.content, [{ type: "text", text: "Grüße 🙂" }]);
			equal(message.stop_reason, "end_turn");
		}
	},
	async tools() {
		const body = ask(say("Two. " + call("get_weather", { path: "/a", x: ["é"] }) + call("read_file", {})),
			undefined, { tools });
		for (const go of [created, streamed]) {
			const message = await go(body);
			equal(message.content.slice(1).map((b) => [b.name, b.input]),
				[["get_weather", { path: "/a", x: ["é"] }], ["read_file", {}]]);
			equal(message.stop_reason, "tool_use");
		}
	},
	async thinking() {
		for (const go of [created, streamed]) {
			const message = await go(ask(say("<think>Hm.</think>Yes.")));
			equal(message.content.map((b) => b.thinking ?? b.text), ["Hm.", "Yes."]);
		}
	},
	async "every form of answer"() {
		for (const name of ["crlf", "drip", "comments", "reasoning", "think-inline", "tool-split", "tool-two",
			"tool-interleaved", "tool-args-empty", "tool-args-fenced", "tool-args-bad", "tool-args-cut",
			"usage-none", "usage-cached", "empty", "length", "filter", "finish-null", "garbage"]) {
			const body = ask("x", "mock/" + name, { tools });
			const [one, two] = [await created(body), await streamed(body)];
			equal(one.content.map((b) => [b.type, b.text, b.input]), two.content.map((b) => [b.type, b.text, b.input]));
			equal(one.stop_reason, two.stop_reason);
		}
	},
	async errors() {
		for (const [name, status] of [["400", 400], ["404-plain", 404], ["429-bare", 429], ["503-worker", 529]]) {
			const error = await fails(created(ask("x", "mock/" + name)));
			equal(error.status, status);
			equal(error.requestID.slice(0, 4), "req_");
		}
		equal((await fails(created(ask("x"), { apiKey: "wrong", maxRetries: 2 }))).status, 401);
	},
	async "an error in the stream"() {
		const error = await fails(streamed(ask("x", "mock/err-data")));
		equal(error instanceof Anthropic.APIError, true);
	},
	async "a cut stream"() {
		await fails(streamed(ask("x", "mock/cut")));
	},
	async retries() {
		const message = await streamed(ask("x", "mock/429-after-1@js"), { maxRetries: 2 });
		equal(message.content[0].text, "Hello, this is the simulated NIM.");
	},
	async abort() {
		const stream = client().messages.stream(ask("x", "mock/endless"));
		stream.on("text", () => stream.abort());
		await fails(stream.finalMessage());
	},
	async "count_tokens and models"() {
		const count = await client().messages.countTokens({ model: "x", messages: [{ role: "user", content: "Hi" }] });
		equal(count.input_tokens > 0, true);
		const ids = [];
		for await (const model of client().models.list())
			ids.push(model.id);
		equal(ids.includes("mock/assistant"), true);
		equal((await client().models.retrieve("mock/assistant")).id, "mock/assistant");
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
