import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { editAgent } from "../support/Agents.ts"
import { type Answer, ask, detailOf, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { startThroughline, type Throughline, type WorldOptions } from "../support/Throughline.ts"

const sinceOf = ({ headers }: Pick<Answer, "headers">) => headers.get("throughline-stale-since")

/** When an answer says that it was last seen to be right: a moment that is over, and not long so. */
const recently = (answer: Answer, noLaterThan: number): string => {
  const since = sinceOf(answer) ?? assert.fail(`${answer.status} ${answer.text}`)
  const at = new Date(since).getTime()
  assert.isAtMost(at, noLaterThan, "the rows were not seen after they had become unreadable")
  assert.isAbove(at, noLaterThan - 60_000)
  return since
}

const run = async (world: Throughline, text: string, thread?: string) => {
  const { thread_id = thread } = thread === undefined ? await world.client("member").threads.create() : {}
  const answer = await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, {
    assistant_id: agents.recht,
    input: question(text),
    // What only the server says.
    metadata: { stale_since: "1999-01-01T00:00:00.000Z", purpose: "test" }
  })
  const [last] = await world.client("member").runs.list(thread_id ?? "", { limit: 1 })
  return { ...answer, thread: thread_id ?? "", metadata: last?.metadata ?? {} }
}

const looks = [
  `GET /assistants/${agents.recht}`,
  `GET /assistants/${agents.recht}/schemas`,
  `POST /assistants/${agents.recht}/versions`,
  "POST /assistants/search",
  "POST /assistants/count"
] as const

/** Everything that shows assistants is served, and says of when it is. */
const servedStale = async (world: Throughline, thread: string, from: number, text: string) => {
  for (const route of looks) {
    const answer = await ask(world, "member", route, route.startsWith("POST") ? {} : undefined)
    assert.strictEqual(answer.status, 200, `${route}: ${answer.text}`)
    recently(answer, from)
  }
  const answer = await run(world, text, thread)
  assert.strictEqual(answer.status, 200, answer.text)
  assert.strictEqual(answer.metadata["stale_since"], recently(answer, from))
  assert.strictEqual(answer.metadata["purpose"], "test")
  for (const person of ["otherOrganisation", "noOrganisation"] as const) {
    const stranger = await ask(world, person, `GET /assistants/${agents.recht}`)
    assert.strictEqual(detailOf(stranger), `Assistant "${agents.recht}" not found`)
  }
  // What has nothing to do with agents says nothing of them.
  assert.isNull(sinceOf(await ask(world, "member", `GET /threads/${thread}`)))
}

/** An edit reaches the next message again, and nothing is stale any more. */
const backToNormal = async (world: Throughline, thread: string, prompt: string) => {
  await editAgent(world, agents.recht, "system_prompt = $2", prompt)
  await world.until(
    "the tables are found readable again",
    async () => sinceOf(await ask(world, "member", `GET /assistants/${agents.recht}`)) === null
  )
  const answer = await run(world, "say:danach", thread)
  assert.strictEqual(answer.status, 200, answer.text)
  assert.isNull(sinceOf(answer))
  assert.notProperty(answer.metadata, "stale_since")
  assert.include(JSON.stringify(world.model.requests.at(-1)?.body), prompt)
  for (const route of looks) {
    const body = route.startsWith("POST") ? {} : undefined
    await world.until(`${route} is not stale`, async () => sinceOf(await ask(world, "member", route, body)) === null)
  }
}

/** Somebody who has locked tables, as a migration does. */
const locking = async (world: Throughline, tables: string) => {
  const holder = new pg.Client({ connectionString: world.databaseUrl })
  holder.on("error", () => {})
  await holder.connect()
  await holder.query(`begin; lock table ${tables} in access exclusive mode`)
  return { letGo: () => holder.end() }
}

export const unreadableTables = {
  "tables that are renamed: the last synced version serves, and says so, until they are back": async (world) => {
    const { thread } = await run(world, "say:eins")
    await world.database.query("alter table public.agents rename to old_agents")
    await servedStale(world, thread, Date.now(), "say:zwei")
    const origin = await ask(world, "member", `GET /assistants/${agents.recht}`, undefined, {
      origin: "https://a.example"
    })
    assert.include(origin.headers.get("access-control-expose-headers")?.toLowerCase(), "throughline-stale-since")
    const copy = { graph_id: "agent", metadata: { supabase_agent_id: "c0000000-0000-4000-a000-000000000001" } }
    assert.strictEqual((await ask(world, "member", "POST /assistants", copy)).status, 503, "no bare copy is made")
    const squat = { graph_id: "agent", assistant_id: "c0000000-0000-4000-a000-000000000002" }
    assert.strictEqual((await ask(world, "member", "POST /assistants", squat)).status, 503, "it may be an agent's")
    await world.database.query("alter table public.old_agents rename to agents")
    await backToNormal(world, thread, "Du bist umbenannt.")
  },

  "tables that are locked keep nobody waiting for long, and most not at all": async (world) => {
    const { thread } = await run(world, "say:eins")
    const { letGo } = await locking(world, "public.agents")
    try {
      const from = Date.now()
      await servedStale(world, thread, from, "say:zwei")
      // One in three seconds finds out whether it is still locked, for all.
      const took: Array<number> = []
      for (let n = 0; n < 20; n++) {
        const started = performance.now()
        assert.strictEqual((await ask(world, "member", `GET /assistants/${agents.recht}`)).status, 200)
        took.push(performance.now() - started)
      }
      const [fastest = 0] = took.toSorted((one, other) => one - other)
      assert.isBelow(fastest, 900, "somebody did not wait")
      const many = await Promise.all(
        Array.from({ length: 20 }, () => ask(world, "member", `GET /assistants/${agents.recht}`))
      )
      assert.deepEqual(new Set(many.map(({ status }) => status)), new Set([200]))
      const own = await ask(world, "otherOrganisation", "POST /threads/search", {})
      assert.strictEqual(own.status, 200)
    } finally {
      await letGo()
    }
    await backToNormal(world, thread, "Du bist wieder offen.")
  },

  "the members' table, locked or renamed: people have what they had, and nobody else anything": async (world) => {
    const { thread } = await run(world, "say:eins")
    for (const person of ["otherOrganisation", "noOrganisation"] as const) {
      await ask(world, person, "POST /threads/search", {})
    }
    const unseen = await startThroughline({ beside: world.around })
    const { letGo } = await locking(world, "public.organization_members")
    try {
      const answer = await run(world, "say:zwei", thread)
      assert.strictEqual(answer.status, 200, answer.text)
      // The agents' rows are seen all the time.
      recently(answer, Date.now())
      const stranger = await ask(world, "otherOrganisation", `GET /assistants/${agents.recht}`)
      assert.strictEqual(stranger.status, 404)
      // A server that has never seen the person can't know, and says so.
      const unknown = await ask(unseen, "member", `GET /assistants/${agents.recht}`)
      assert.strictEqual(unknown.status, 503)
      assert.match(detailOf(unknown), /can't be read/)
    } finally {
      await letGo()
    }
    await backToNormal(world, thread, "Du kennst sie wieder.")
    await world.until(
      "it knows them",
      async () => (await ask(unseen, "member", `GET /assistants/${agents.recht}`)).status === 200
    )
    await unseen.stop()

    await world.database.query("alter table public.organization_members rename to members")
    const listed = await world.until("the memberships are stale", async () => {
      const answer = await ask(world, "member", "POST /assistants/search", {})
      return sinceOf(answer) !== null && answer
    })
    assert.include(listed.text, agents.recht)
    assert.notInclude((await ask(world, "otherOrganisation", "POST /assistants/search", {})).text, agents.recht)
    await world.database.query("alter table public.members rename to organization_members")
    await backToNormal(world, thread, "Sie sind zurück.")
  }
} satisfies Scenarios

/** Where what was last seen serves for two seconds. */
export const longUnreadable = async (options: WorldOptions = {}): Promise<void> => {
  const world = await startThroughline({ ...options, env: { AGENT_STALE_SECONDS: "2" } })
  try {
    const { thread } = await run(world, "say:eins")
    await world.database.query("alter table public.mcp_tools rename to old_tools")
    // A comparison of all that was under way then may yet tell that they agreed.
    await sleep(1_000)
    const refused = await world.until("it is too long ago", async () => {
      const answer = await ask(world, "member", `GET /assistants/${agents.recht}`)
      return answer.status !== 200 && answer
    })
    assert.strictEqual(refused.status, 503)
    assert.match(
      detailOf(refused),
      /missing: table public\.mcp_tools\. What is known of them is of .*AGENT_STALE_SECONDS/
    )
    assert.strictEqual((await run(world, "say:zwei", thread)).status, 503)
    assert.strictEqual((await ask(world, "member", "POST /assistants/search", {})).status, 503)
    const { assistant_id } = json<{ assistant_id: string }>(
      await ask(world, "member", "POST /assistants", { graph_id: "agent", name: "Meiner" })
    )
    assert.strictEqual((await ask(world, "member", `GET /assistants/${assistant_id}`)).status, 200, "one's own")
    assert.strictEqual((await ask(world, "member", `GET /threads/${thread}/state`)).status, 200)
    assert.strictEqual((await ask(world, "otherOrganisation", `GET /assistants/${agents.recht}`)).status, 404)
    await world.database.query("alter table public.old_tools rename to mcp_tools")
    await backToNormal(world, thread, "Du bist zurück.")
  } finally {
    await world.stop()
  }
}
