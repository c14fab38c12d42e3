import { at, holds, refused, same } from "../Expect.ts"
import { differs, group, needs, type Run } from "../Row.ts"
import { busy, path } from "./Turns.ts"

/** What needs a stranger to mean anything. */
const strange = (run: Run) => needs(["other"], run)

export const tenancy = group("tenancy", {
  "without a token there is nothing": strange(async ({ ask }) => {
    for (const route of ["/threads/search", "/assistants/search", "/runs/wait", "/store/items/search"]) {
      same(route, (await ask(route, { body: {}, as: "nobody" })).status, 401)
    }
  }),

  "a bad token is none": strange(async ({ ask }) => {
    const headers = { authorization: "Bearer x" }
    same("status", (await ask("/threads/search", { body: {}, as: "nobody", headers })).status, 401)
  }),

  "health can be asked without a token": differs(
    "Load balancers have none.",
    strange(async ({ answers }) => {
      await answers(200, "/ok", { as: "nobody" })
    })
  ),

  "a stranger's assistant is not there": strange(async ({ client, other, unique }) => {
    const mark = unique()
    const { assistant_id } = await client.assistants.create({ graphId: "echo", metadata: { mark } })
    await refused(other.assistants.get(assistant_id), 404)
    await refused(other.assistants.update(assistant_id, { name: "x" }), 404)
    await refused(other.assistants.delete(assistant_id), 404)
    await refused(other.assistants.getVersions(assistant_id), 404)
    await refused(other.assistants.setLatest(assistant_id, 1), 404)
    same("search", await other.assistants.search({ metadata: { mark } }), [])
    same("count", await other.assistants.count({ metadata: { mark } }), 0)
  }),

  "a stranger's assistant's schemas, drawing and subgraphs are not there": strange(async ({ client, other }) => {
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    await refused(other.assistants.getSchemas(assistant_id), 404)
    await refused(other.assistants.getGraph(assistant_id), 404)
    await refused(other.assistants.getSubgraphs(assistant_id), 404)
  }),

  "nobody runs a stranger's assistant": differs(
    "A stranger's assistant is not there for runs either. The reference asks its auth handler about the thread, and runs "
      + "any assistant with its configuration.",
    strange(async ({ client, other }) => {
      const { assistant_id } = await client.assistants.create({
        graphId: "echo",
        config: { configurable: { theirs: "canary" } }
      })
      await refused(other.runs.wait(null, assistant_id, { input: { input: 1 } }), 404)
      const { thread_id } = await other.threads.create()
      await refused(other.runs.create(thread_id, assistant_id, { input: { input: 1 } }), 404)
    })
  ),

  "an id that a stranger has taken is refused": strange(async ({ client, other, unique }) => {
    const assistantId = unique(), threadId = unique()
    await client.assistants.create({ graphId: "echo", assistantId })
    await client.threads.create({ threadId })
    await refused(other.assistants.create({ graphId: "echo", assistantId, ifExists: "do_nothing" }), 409)
    await refused(other.threads.create({ threadId, ifExists: "do_nothing" }), 409)
  }),

  "a stranger's thread is not there": strange(async ({ client, other, thread, unique }) => {
    const threadId = await thread(), mark = unique()
    await client.threads.update(threadId, { metadata: { mark } })
    await client.runs.wait(threadId, "echo", { input: { input: 1 } })
    await refused(other.threads.get(threadId), 404)
    await refused(other.threads.getState(threadId), 404)
    await refused(other.threads.getHistory(threadId), 404)
    await refused(other.threads.update(threadId, { metadata: { theirs: 1 } }), 404)
    await refused(other.threads.updateState(threadId, { values: { input: 2 } }), 404)
    await refused(other.threads.delete(threadId), 404)
    same("search", await other.threads.search({ metadata: { mark } }), [])
    same("by ids", await other.threads.search({ ids: [threadId] }), [])
    same("count", await other.threads.count({ metadata: { mark } }), 0)
  }),

  "a stranger's thread is not there to be copied": differs(
    "404, as everywhere: it is not there.",
    strange(async ({ other, thread }) => {
      await refused(other.threads.copy(await thread()), 404)
    })
  ),

  "a stranger's thread is not there to be followed or pruned": strange(async ({ ask, client, thread }) => {
    const threadId = await thread()
    same("stream", (await ask(path(threadId, "/stream"), { as: "other" })).status, 404)
    await ask("/threads/prune", { body: { thread_ids: [threadId] }, as: "other" })
    same("the thread", (await client.threads.get(threadId)).thread_id, threadId)
  }),

  "a stranger's thread takes no run": strange(async ({ client, other, thread }) => {
    const threadId = await thread()
    await refused(other.runs.create(threadId, "echo", { input: { input: 1 } }), 404)
    await refused(other.runs.wait(threadId, "echo", { input: { input: 1 } }), 404)
    same("runs", await client.runs.list(threadId), [])
  }),

  "a stranger's run is not there": strange(async ({ client, other, thread }) => {
    const threadId = await thread()
    const { run_id } = await client.runs.create(threadId, "echo", { input: { input: 1 } })
    await client.runs.join(threadId, run_id)
    await refused(other.runs.get(threadId, run_id), 404)
    await refused(other.runs.list(threadId), 404)
    await refused(other.runs.cancel(threadId, run_id), 404)
    await refused(other.runs.delete(threadId, run_id), 404)
  }),

  "nobody reads a stranger's run": differs(
    "Who may not see the thread sees none of its runs. The reference does not ask its auth handler when a run is followed "
      + "by its id alone.",
    needs(["other", "model"], async (world) => {
      const { runId, threadId } = await busy(world, 800)
      const headers = { "last-event-id": "-1" }
      const { frames, status } = await world.events(`/runs/${runId}/stream`, { as: "other", headers })
      same("frames for a stranger", [...new Set(frames.map(({ event }) => event))], [])
      same("by its id", status, 404)
      same(
        "by its thread",
        (await world.ask(path(threadId, `/runs/${runId}/stream`), { as: "other", headers })).status,
        404
      )
      await refused(world.other.runs.join(threadId, runId), 404)
    })
  ),

  "a stranger cannot end a run": needs(["other", "model"], async (world) => {
    const { runId, threadId } = await busy(world, 800)
    await refused(world.other.runs.cancel(threadId, runId, true), 404)
    await world.client.runs.join(threadId, runId)
    same("status", (await world.client.runs.get(threadId, runId)).status, "success")
  }),

  "a run knows its user, whatever the caller writes": strange(async ({ client }) => {
    const { echo } = Object(
      await client.runs.wait(null, "echo", {
        input: { input: 1 },
        config: { configurable: { langgraph_auth_user_id: "mallory", langgraph_auth_user: { identity: "mallory" } } }
      })
    )
    holds("it is not mallory", !JSON.stringify(echo).includes("mallory"), at(echo, "configurable"))
    holds(
      "it is somebody",
      typeof at(echo, "configurable", "langgraph_auth_user_id") === "string",
      at(echo, "configurable")
    )
  })
})
