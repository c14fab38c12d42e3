import { request } from "node:http"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask, json } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { rowCounts } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"

const megabyte = 1024 * 1024

/** A body whose length nobody has announced. */
const sentInChunks = ({ token, url }: Throughline, path: string, parts: ReadonlyArray<string>) =>
  new Promise<number | undefined>((resolve, reject) => {
    const sent = request(`${url}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token("member")}`,
        "content-type": "application/json",
        "transfer-encoding": "chunked"
      }
    })
    let answered = false
    sent.on("response", (response) => {
      answered = true
      response.resume()
      resolve(response.statusCode)
    })
    // A server that has answered need not read on.
    sent.on("error", (error) => answered ? undefined : reject(error))
    for (const part of parts) sent.write(part)
    sent.end()
  })

/** Requests that are strange, and fine; and where that ends. */
export const unusualRequests: Scenarios = {
  "a body over 4 MB is refused, announced or not; one just under it is read": async (world) => {
    const { thread_id } = await world.client("member").threads.create()
    const before = await rowCounts(world.database)
    const big = (bytes: number) => ({ metadata: { a: "x".repeat(bytes) } })
    const run = { assistant_id: agents.recht, input: question("x".repeat(4 * megabyte)) }
    const refused = [
      await ask(world, "member", "POST /threads", big(4 * megabyte)),
      await ask(world, "member", "POST /assistants", { graph_id: "agent", ...big(5 * megabyte) }),
      await ask(world, "member", `PATCH /threads/${thread_id}`, big(4 * megabyte)),
      await ask(world, "member", "POST /assistants/search", big(4 * megabyte)),
      await ask(world, "member", `POST /threads/${thread_id}/runs/stream`, run),
      await ask(world, "member", "POST /runs/wait", run)
    ]
    for (const answer of refused) {
      assert.strictEqual(answer.status, 413)
      assert.include(json<{ readonly detail: string }>(answer).detail, "4 MB")
    }
    const chunks = ["{\"metadata\":{\"a\":\"", ...Array.from({ length: 80 }, () => "x".repeat(64 * 1024)), "\"}}"]
    assert.strictEqual(await sentInChunks(world, "/threads", chunks), 413)
    assert.strictEqual(
      await sentInChunks(world, `/threads/${thread_id}/runs/stream`, chunks),
      413,
      "the next one as well"
    )
    assert.deepEqual(await rowCounts(world.database), before)
    assert.strictEqual((await ask(world, "member", "POST /threads", big(4 * megabyte - 100))).status, 200)
    assert.strictEqual(await sentInChunks(world, "/threads", ["{\"meta", "data\":{\"a\"", ":1}}"]), 200)
  },

  "a prompt of 100 kB is a prompt, the first time and the second": async (world) => {
    const prompt = `${"Paragraph für Paragraph. ".repeat(4_096)}Ende`
    const { assistants, runs, threads } = world.client("member")
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      config: { configurable: { system_prompt: prompt } }
    })
    assert.strictEqual((await assistants.get(assistant_id)).config.configurable?.["system_prompt"], prompt)
    const { thread_id } = await threads.create()
    const long = `say:${"lang ".repeat(20_000)}`
    for (const lines of [2, 4]) {
      assert.lengthOf(said(await runs.wait(thread_id, assistant_id, { input: question(long) })), lines)
      const { messages } = Object(world.model.requests.at(-1)?.body)
      assert.strictEqual(messages[0].content, prompt)
      assert.strictEqual(messages.at(-1).content, long)
    }
  },

  "arrays in arrays, empty things and strange keys are kept as they are": async (world) => {
    const strange = {
      nested: [[1, [2, []]], [], [{ a: [["b"]] }]],
      empty: {},
      "a.b": null,
      "": "no key",
      __proto__key: [true, false],
      emoji: "⚖️ – „Anführung“ \\u0000 \t",
      number: 1e21,
      small: 1e-9
    }
    const { assistants, threads } = world.client("member")
    const { thread_id } = await threads.create({ metadata: strange })
    assert.deepEqual((await threads.get(thread_id)).metadata, strange)
    assert.lengthOf(await threads.search({ metadata: { nested: [[1, [2, []]], [], [{ a: [["b"]] }]] } }), 1)
    const made = await assistants.create({
      graphId: "agent",
      config: { configurable: { stop: ["a", "b"], strange } },
      metadata: strange,
      context: strange
    })
    const read = await assistants.get(made.assistant_id)
    assert.deepEqual(read.config.configurable, { stop: ["a", "b"], strange })
    assert.deepEqual(read.context, strange)
    assert.deepInclude(read.metadata, strange)
  },

  "two hundred headers are none too many": async (world) => {
    const headers = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-header-${n}`, "v".repeat(100)]))
    const { thread_id } = await world.client("member").threads.create()
    const body = { assistant_id: agents.recht, input: question("say:viel Kopf") }
    const answer = await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, body, headers)
    assert.strictEqual(answer.status, 200)
    assert.strictEqual(said(json(answer)).at(-1), "ai: viel Kopf")
  },

  "unknown keys are let pass, and null means left out": async (world) => {
    const extra = { brand_new: [1], langsmith_tracer: { project_name: "x" }, feedback_keys: ["a"] }
    const nulls = { metadata: null, config: null, context: null }
    const made = await ask(world, "member", "POST /assistants", { graph_id: "agent", name: null, ...nulls, ...extra })
    assert.deepInclude(json<Record<string, unknown>>(made), { name: "Untitled", config: {}, context: {} })
    const thread = await ask(world, "member", "POST /threads", { thread_id: null, if_exists: null, ...nulls, ...extra })
    const { thread_id } = json<{ readonly thread_id: string }>(thread)
    const search = { limit: null, offset: null, status: null, ids: null, sort_by: null, select: null, ...extra }
    assert.strictEqual((await ask(world, "member", "POST /threads/search", search)).status, 200)
    const run = {
      assistant_id: agents.recht,
      input: question("say:geht"),
      stream_mode: null,
      command: null,
      checkpoint: null,
      checkpoint_id: null,
      webhook: null,
      interrupt_before: null,
      on_disconnect: null,
      multitask_strategy: null,
      if_not_exists: null,
      after_seconds: null,
      ...nulls,
      ...extra
    }
    for (const path of [`/threads/${thread_id}/runs/wait`, "/runs/wait"] as const) {
      const answer = await ask(world, "member", `POST ${path}`, { ...run, on_completion: null })
      assert.strictEqual(said(json(answer)).at(-1), "ai: geht")
    }
  },

  "bodies of options may be left out; bodies of another type may not": async (world) => {
    for (
      const path of [
        "/threads",
        "/threads/search",
        "/threads/count",
        "/assistants/search",
        "/assistants/count"
      ] as const
    ) {
      assert.strictEqual((await ask(world, "member", `POST ${path}`)).status, 200, path)
    }
    const before = await rowCounts(world.database)
    for (const type of ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const answer = await ask(world, "member", "POST /threads", {}, { "content-type": type })
      assert.strictEqual(answer.status, 415, type)
    }
    assert.deepEqual(await rowCounts(world.database), before)
  },

  "a body that a proxy forwards as plain text is the JSON that it was": async (world) => {
    const headers = { "content-type": "text/plain;charset=UTF-8" }
    const made = await ask(world, "member", "POST /threads", { metadata: { by: "proxy" } }, headers)
    const { metadata, thread_id } = json<{ readonly thread_id: string; readonly metadata: object }>(made)
    assert.deepInclude(metadata, { by: "proxy" })
    for (const text of ["eins", "zwei"]) {
      const run = { assistant_id: agents.recht, input: question(`say:${text}`) }
      const answer = await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, run, headers)
      assert.strictEqual(said(json(answer)).at(-1), `ai: ${text}`)
    }
    const init = { method: "POST", headers, body: "no JSON" }
    assert.strictEqual((await world.fetch("member", "/threads", init)).status, 400)
    assert.strictEqual((await ask(world, "member", "POST /threads", { metadata: 7 }, headers)).status, 422)
  },

  "an id that a caller gives is kept, short or long": async (world) => {
    const { assistants, runs } = world.client("member")
    for (const assistantId of ["my-agent", "§ 535 / BGB?", "Ü".repeat(255)]) {
      await assistants.create({ graphId: "agent", assistantId })
      const path = `/assistants/${encodeURIComponent(assistantId)}`
      const answer = await ask(world, "member", `GET ${path}`)
      assert.strictEqual(json<{ readonly assistant_id: string }>(answer).assistant_id, assistantId)
      assert.strictEqual(said(await runs.wait(null, assistantId, { input: question("say:da") })).at(-1), "ai: da")
      assert.strictEqual((await ask(world, "otherOrganisation", `GET ${path}`)).status, 404)
    }
  },

  "upper case in ids is the same id": async (world) => {
    const { threads } = world.client("member")
    const { thread_id } = await threads.create()
    assert.strictEqual((await threads.get(thread_id.toUpperCase())).thread_id, thread_id)
    const { assistants } = world.client("member")
    assert.strictEqual((await assistants.get(agents.recht.toUpperCase())).assistant_id, agents.recht)
  }
}
