import { at, has, holds, keys, refused, same, textOf } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import type { World } from "../World.ts"
import { nobody } from "./Turns.ts"

const none = "The reference has no crons: what passes its checks is answered with 500 `Not implemented`, or 404."

/** Never due while anybody looks. */
const yearly = "0 0 1 1 *"

const made = async ({ answers, unique }: World, more: object = {}) => {
  const mark = unique()
  const { json } = await answers(200, "/runs/crons", {
    body: { assistant_id: "echo", schedule: yearly, input: { input: 1 }, metadata: { mark }, ...more }
  })
  return { mark, cron: json, id: textOf("cron_id", at(json, "cron_id")) }
}

export const crons = group("crons", {
  "create answers with the cron and when it runs next": differs(none, async ({ client }) => {
    const cron = await client.crons.create("echo", { schedule: yearly, input: { input: 1 }, metadata: { a: 1 } })
    keys("cron", cron, ["cron_id", "schedule", "created_at", "updated_at", "payload", "next_run_date"])
    const next = new Date(textOf("next_run_date", at(cron, "next_run_date")))
    same("next", [next.getUTCMonth(), next.getUTCDate(), next.getUTCHours()], [0, 1, 0])
  }),

  "create takes a time zone": differs(none, async (world) => {
    const { cron } = await made(world, { schedule: "0 12 1 7 *", timezone: "Europe/Berlin" })
    const next = new Date(textOf("next_run_date", at(cron, "next_run_date")))
    same("the hour, in UTC", next.getUTCHours(), 10)
  }),

  "createForThread runs on that thread": differs(none, async ({ client, thread }) => {
    const threadId = await thread()
    const cron = await client.crons.createForThread(threadId, "echo", { schedule: yearly, input: { input: 1 } })
    same("thread_id", at(cron, "thread_id"), threadId)
    const found = await client.crons.search({ threadId })
    same("found", found.map(({ cron_id }) => cron_id), [at(cron, "cron_id")])
  }),

  "createForThread of an unknown thread is 404": differs(none, async ({ client }) => {
    await refused(client.crons.createForThread(nobody, "echo", { schedule: yearly }), 404)
  }),

  "search and count find by assistant and thread": differs(none, async (world) => {
    const { client } = world
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    const { id } = await made(world, { assistant_id })
    const found = await client.crons.search({ assistantId: assistant_id })
    same("found", found.map(({ cron_id }) => cron_id), [id])
    same("count", await client.crons.count({ assistantId: assistant_id }), 1)
    same("of another", await client.crons.search({ assistantId: nobody }), [])
  }),

  "search pages, sorts and selects": differs(none, async (world) => {
    const { answers, client } = world
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    const ids: Array<unknown> = []
    for (let n = 0; n < 3; n++) ids.push((await made(world, { assistant_id })).id)
    const query = { assistant_id, limit: 1, offset: 1, sort_by: "created_at", sort_order: "asc", select: ["cron_id"] }
    const { json } = await answers(200, "/runs/crons/search", { body: query })
    same("page", json, [{ cron_id: ids[1] }])
  }),

  "update changes its schedule and when it runs next": differs(none, async (world) => {
    const { id } = await made(world)
    const updated = await world.client.crons.update(id, { schedule: "30 6 2 2 *" })
    has("cron", updated, { schedule: "30 6 2 2 *" })
    same("the minute", new Date(textOf("next_run_date", at(updated, "next_run_date"))).getUTCMinutes(), 30)
  }),

  "a disabled one has no next run, an enabled one has": differs(none, async (world) => {
    const { id } = await made(world)
    const disabled = await world.client.crons.update(id, { enabled: false })
    same("enabled", at(disabled, "enabled"), false)
    same("next", at(disabled, "next_run_date"), null)
    const enabled = await world.client.crons.update(id, { enabled: true })
    holds("there is a next run", typeof at(enabled, "next_run_date") === "string", enabled)
  }),

  "delete removes it": differs(none, async (world) => {
    const { id } = await made(world)
    await world.client.crons.delete(id)
    await refused(world.client.crons.delete(id), 404)
    await refused(world.client.crons.update(id, { enabled: false }), 404)
  }),

  "a cron of an unknown assistant is 404": differs(none, async ({ client }) => {
    await refused(client.crons.create(nobody, { schedule: yearly }), 404)
  }),

  "a schedule that cannot be read, or never fires, is 422": differs(none, async ({ ask }) => {
    for (const schedule of ["sometimes", "* * *", "61 * * * *", "0 0 31 2 *", ""]) {
      const { status } = await ask("/runs/crons", { body: { assistant_id: "echo", schedule } })
      same(`status of "${schedule}"`, status, 422)
    }
    const zone = { assistant_id: "echo", schedule: yearly, timezone: "Mars/Olympus" }
    same("status of a zone that is none", (await ask("/runs/crons", { body: zone })).status, 422)
    const over = { assistant_id: "echo", schedule: yearly, end_time: "2001-01-01T00:00:00Z" }
    same("status of an end in the past", (await ask("/runs/crons", { body: over })).status, 422)
  }),

  "a cron's payload is what its runs are asked to do": differs(none, async (world) => {
    const { cron } = await made(world, { config: { configurable: { colour: "red" } } })
    same("input", at(cron, "payload", "input"), { input: 1 })
    same("colour", at(cron, "payload", "config", "configurable", "colour"), "red")
  }),

  "it runs when its minute comes": {
    ...differs(none, async ({ client, thread, until }) => {
      const threadId = await thread()
      const cron = await client.crons.createForThread(threadId, "echo", { schedule: "* * * * *", input: { input: 5 } })
      await until("a run", async () => (await client.runs.list(threadId)).length > 0, 90_000)
      await client.crons.delete(String(at(cron, "cron_id")))
      const [run] = await client.runs.list(threadId)
      await client.runs.join(threadId, String(run?.run_id))
      same("its input", at((await client.threads.getState(threadId)).values, "input"), 5)
    }),
    slow: true
  },

  "crons can be counted": differs(none, async ({ ask }) => {
    same("status", (await ask("/runs/crons/count", { body: {} })).status, 200)
  }),

  "a thread's crons go with it": differs(none, async ({ client, thread, until }) => {
    const threadId = await thread()
    await client.crons.createForThread(threadId, "echo", { schedule: yearly })
    await client.threads.delete(threadId)
    await until("that there are none", async () => (await client.crons.search({ threadId })).length === 0)
  })
})
