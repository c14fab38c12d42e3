import { randomUUID } from "node:crypto"
import { at, events, list, person } from "./Http.ts"
import type { Stage } from "./Stage.ts"
import type { Teller } from "./Teller.ts"

const question = (text: string) => ({ messages: [{ role: "user", content: text }] })

const mustBeThere = ["mcp_config", "model_name", "supabase_organization_id", "system_prompt"]

/** `openai:gpt-4o` is `gpt-4o` to its provider. */
const providersName = (model: unknown) => String(model).replace(/^[^:]*:/, "")

/** What happened in Session 72, asked again of a server: what each chapter learns, the later ones may use. */
export const tellStory = async (stage: Stage, tell: Teller): Promise<void> => {
  const { agent, inside } = stage
  const member = person(stage.url, stage.member)

  if (inside !== undefined) {
    tell.chapter("The server starts", "total=4 created=4; assistants with random 32-hex ids that no agent knew of")
    const summary = /Startup sync summary: [^"]*/.exec(await inside.log())?.[0] ?? "no summary in the log"
    tell.has("the log says", summary, "created=5", "failed=0")
    const { rows } = await inside.database.query("select langgraph_assistant_id from public.agents where id = $1", [
      agent
    ])
    tell.is("the agent's row names its assistant", at(rows, 0, "langgraph_assistant_id"), agent)
  }

  tell.chapter("The front end asks for the agent's assistant", "GET /assistants/{id} → 404")
  const assistant = await member("GET", `/assistants/${agent}`)
  const configured = (key: string) => at(assistant.json, "config", "configurable", key)
  tell.is("status", assistant.status, 200)
  // What follows would compare nothing with nothing.
  if (assistant.status !== 200) return
  tell.is("id", at(assistant.json, "assistant_id"), agent)
  tell.shows("name", at(assistant.json, "name"))
  tell.shows("model", configured("model_name"))
  tell.is("owner", at(assistant.json, "metadata", "owner"), "system")
  if (inside !== undefined) tell.is("model as in the row", configured("model_name"), "openai:gpt-4o-mini")

  tell.chapter("It would search next", "POST /assistants/search {\"graph_id\":\"agent\"} → []")
  const search = { graph_id: "agent", limit: 1000 }
  const found = await member("POST", "/assistants/search", search)
  tell.is("status", found.status, 200)
  tell.has("found", list(found.json).map((item) => at(item, "assistant_id")), agent)

  tell.chapter(
    "And then create one",
    "POST /assistants {\"graph_id\":\"agent\"} → a bare assistant, owned by the caller"
  )
  const created = await member("POST", "/assistants", { graph_id: "agent", metadata: { supabase_agent_id: agent } })
  tell.is("status", created.status, 200)
  tell.is("what it gets is the agent's own", at(created.json, "assistant_id"), agent)

  const thread = String(at((await member("POST", "/threads", {})).json, "thread_id"))

  /** A message on the thread, and what can be seen of its run. */
  const message = async (text: string) => {
    const asked = inside?.asked.length ?? 0
    const stream = await member("POST", `/threads/${thread}/runs/stream`, {
      assistant_id: agent,
      input: question(text),
      stream_mode: ["values"]
    })
    tell.is("status", stream.status, 200)
    const frames = events(stream.text)
    const failed = frames.find(({ event }) => event === "error")
    tell.is("error in the stream", failed?.data, undefined)
    const run = at(frames[0]?.data, "run_id")
    const messages = list(frames.findLast(({ event }) => event === "values")?.data, "messages")
    const { json: config } = await member("GET", `/threads/${thread}/runs/${run}/config`)
    tell.shows("run", run)
    return { messages, config, request: inside?.asked[asked] }
  }

  tell.chapter(
    "A member asks the Rechts-Assistent",
    "configurable_keys=['assistant', 'assistant_id', 'owner', 'run_id', 'thread_id', 'user_id'], model openai:gpt-4o, no tool"
  )
  const first = await message("Was sagt § 535 BGB zur Miete?")
  tell.has("configurable keys", list(first.config, "keys"), ...mustBeThere)
  tell.is("model", at(first.config, "configurable", "model_name"), configured("model_name"))
  tell.is("prompt", at(first.config, "configurable", "system_prompt"), configured("system_prompt"))
  tell.is("where the prompt came from", at(first.config, "origins", "system_prompt"), "assistant")
  tell.shows("tool servers", at(first.config, "tools", "servers"))
  tell.shows("answer", at(first.messages, -1, "content"))
  if (inside !== undefined) {
    const invoked = (await inside.log()).match(/graph\(\) invoked; configurable_keys=\[[^\]]*\]/g)?.at(-1) ?? "nothing"
    tell.has("logged", invoked, ...mustBeThere)
    tell.is("model asked", at(first.request, "model"), providersName(configured("model_name")))
    tell.is("temperature", at(first.request, "temperature"), 0.3)
    tell.is("max_tokens", at(first.request, "max_tokens"), 2000)
    tell.has("prompt it got", JSON.stringify(at(first.request, "messages", 0)), "Du bist ein Rechts-Assistent.")
    const offered = list(first.request, "tools").map((tool) => at(tool, "function", "name"))
    tell.has("tools it was offered", offered, "search_laws", "get_paragraph")
    tell.is("tool called", at(first.messages, -2, "name"), "search_laws")
    tell.has("answer made of the tool's words", String(at(first.messages, -1, "content")), "Gesetz: § 535 BGB (")
  }

  tell.chapter("And goes on talking", "each later message went to the same bare assistant")
  const second = await message("Und was muss der Vermieter instand halten?")
  const said = second.messages.filter((message) => at(message, "type") === "human").length
  tell.is("questions in the thread", said, 2)
  tell.is("model", at(second.config, "configurable", "model_name"), configured("model_name"))
  tell.is("prompt", at(second.config, "configurable", "system_prompt"), configured("system_prompt"))
  if (inside !== undefined) {
    const seen = list(second.request, "messages").map((message) => at(message, "role"))
    tell.is("conversation the model saw", seen, ["system", "user", "assistant", "tool", "assistant", "user"])
  }

  const overwrite = {
    assistant_id: agent,
    graph_id: "agent",
    name: "Ha!",
    config: { configurable: { system_prompt: "Ha!" } }
  }
  if (stage.other !== undefined) {
    tell.chapter("Somebody of another organisation tries", "the repair made every assistant visible to everybody")
    const other = person(stage.url, stage.other)
    tell.is("GET the assistant", (await other("GET", `/assistants/${agent}`)).status, 404)
    const theirs = list((await other("POST", "/assistants/search", search)).json)
    tell.hasNot("their search", theirs.map((item) => at(item, "assistant_id")), agent)
    const run = { assistant_id: agent, input: question("Meins?") }
    tell.is("a run of it", (await other("POST", "/runs/wait", run)).status, 404)
    tell.is("the member's thread", (await other("GET", `/threads/${thread}/state`)).status, 404)
    tell.is("to overwrite it", (await other("POST", "/assistants", overwrite)).status, 409)
    const quietly = await other("POST", "/assistants", { ...overwrite, if_exists: "do_nothing" })
    tell.is("to take it if it exists", quietly.status, 409)
  }
  tell.chapter("A member tries to change it, and a stranger to get in", "whoever came could")
  tell.is("PATCH by a member", (await member("PATCH", `/assistants/${agent}`, { name: "Ha!" })).status, 403)
  tell.is("overwriting by a member", (await member("POST", "/assistants", overwrite)).status, 409)
  tell.is("without a token", (await person(stage.url, undefined)("GET", `/assistants/${agent}`)).status, 401)
  tell.is("an id that nobody has", (await member("GET", `/assistants/${randomUUID()}`)).status, 404)
  const after = await member("GET", `/assistants/${agent}`)
  tell.is("the assistant is what it was", at(after.json, "config"), at(assistant.json, "config"))

  if (inside !== undefined) {
    tell.chapter("The agent's row is edited", "an edit showed after the next restart, on new threads")
    await inside.database.query(
      `update public.agents set system_prompt = 'Du antwortest in einem Satz.', temperature = 0.1,
        engine_id = '40000000-0000-4000-a000-000000000002' where id = $1`,
      [agent]
    )
    const third = await message("Und die Nebenkosten?")
    tell.is("model asked, on the same thread", at(third.request, "model"), "gpt-4o")
    tell.is("temperature", at(third.request, "temperature"), 0.1)
    tell.has("prompt it got", JSON.stringify(at(third.request, "messages", 0)), "Du antwortest in einem Satz.")
    tell.is("version it ran with", at(third.config, "assistant_version"), 2)
  }
}
