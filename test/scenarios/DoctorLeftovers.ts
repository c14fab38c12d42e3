import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { everything, examine } from "../support/Doctor.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say } from "../support/Talk.ts"
import type { Person, Throughline } from "../support/Throughline.ts"

const hexId = () => randomUUID().replaceAll("-", "")

/** As the old runtime wrote them: under an id that no agent knew of, with what the row said then. */
const oldCopy = async ({ database }: Throughline, source: "agent" | "member"): Promise<string> => {
  const id = hexId()
  const metadata = { owner: "system", supabase_agent_id: agents.recht }
  await database.query(
    `insert into langgraph_server.assistants
       (id, graph_id, name, config, context, metadata, source, owner_id, organization_id, content_hash, synced_at)
     values ($1, 'agent', 'Rechts-Assistent', '{"configurable": {"system_prompt": "Alt."}}', '{}', $2, $3, $4, $5, $6, $7)`,
    source === "agent"
      ? [id, metadata, source, null, organizations.kanzleiNord, "old", new Date()]
      : [id, metadata, source, "system", null, null, null]
  )
  return id
}

/** As the old front end made them when it found none. */
const copyOf = async ({ database }: Throughline, owner: Person, configurable: object): Promise<string> => {
  const id = randomUUID()
  await database.query(
    `insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source, owner_id)
     values ($1, 'agent', 'Untitled', $2, '{}', $3, 'member', $4)`,
    [id, { configurable }, { supabase_agent_id: agents.recht.toUpperCase(), owner: people[owner] }, people[owner]]
  )
  return id
}

const threadOn = async (world: Throughline, person: Person, assistant: string): Promise<string> => {
  const { thread_id } = await world.client(person).threads.create()
  await say(world, person, thread_id, assistant, ["say:damals"])
  return thread_id
}

const pointedAt = async ({ client }: Throughline, person: Person, thread: string) =>
  (await client(person).threads.get(thread)).metadata?.["assistant_id"]

const isThere = async ({ database }: Throughline, id: string) =>
  (await database.query("select from langgraph_server.assistants where id = $1", [id])).rows.length === 1

/** In a world where nothing syncs by itself: one goes on from where the other stopped. */
export const doctorLeftovers = {
  "an old front end's bare copy goes, and its threads and crons go on with the agent": async (world) => {
    await examine(world, { fix: true, dryRun: false })
    const member = world.client("member")
    const copy = await copyOf(world, "member", { owner: people.member, assistant_id: "whatever" })
    const thread = await threadOn(world, "member", copy)
    const runs = await member.runs.list(thread)
    const cron = await member.crons.create(copy, { schedule: "0 0 1 1 *", input: question("say:neujahr") })

    const { leftovers } = await examine(world, { dryRun: false })
    assert.include(leftovers.map(({ id, what }) => `${what} ${id}`), `removed ${copy}`)
    assert.isTrue(await isThere(world, copy))

    const { fixed } = await examine(world, { fix: true, dryRun: false })
    assert.include(
      fixed.map(({ id, note, what }) => `${what} ${id} ${note}`).join("\n"),
      `re-pointed ${copy} 1 thread(s), 1`
    )
    assert.isFalse(await isThere(world, copy))
    assert.strictEqual(await pointedAt(world, "member", thread), agents.recht)
    const [moved] = await member.crons.search({ assistantId: agents.recht })
    assert.strictEqual(moved?.cron_id, "cron_id" in cron ? cron.cron_id : "")
    assert.deepEqual(await member.runs.list(thread), runs)
    const { values } = await member.threads.getState(thread)
    assert.deepEqual(said(values), ["human: say:damals", "ai: damals"])

    // What a chat page does next: it asks the assistant that the thread names.
    const assistant = String(await pointedAt(world, "member", thread))
    const talked = await say(world, "member", thread, assistant, ["say:heute"])
    assert.deepEqual(talked, ["human: say:damals", "ai: damals", "human: say:heute", "ai: heute"])
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du bist ein Rechts-Assistent.")
    assert.isNotEmpty(await member.threads.getHistory(thread))
  },

  "so do an old runtime's copies, whoever's threads are on them": async (world) => {
    for (const source of ["agent", "member"] as const) {
      const copy = await oldCopy(world, source)
      const threads: Array<readonly [Person, string]> = []
      for (const person of ["member", "admin"] as const) {
        const thread = await threadOn(world, person, agents.wartung)
        await world.database.query(
          "update langgraph_server.threads set metadata = metadata || $2 where id = $1",
          [thread, { assistant_id: copy }]
        )
        threads.push([person, thread])
      }
      const { fixed } = await examine(world, { fix: true, dryRun: false })
      assert.include(fixed.map(({ id, what }) => `${what} ${id}`), `removed ${copy}`)
      assert.isFalse(await isThere(world, copy))
      for (const [person, thread] of threads) {
        assert.strictEqual(await pointedAt(world, person, thread), agents.recht)
        assert.lengthOf(await say(world, person, thread, agents.recht, ["say:weiter"]), 4)
      }
    }
  },

  "what a person has configured stays, in whatever version, and so does what leads to an agent that they may not use":
    async (world) => {
      const configured = await copyOf(world, "member", { system_prompt: "Du reimst." })
      const once = await copyOf(world, "member", { system_prompt: "Du reimtest." })
      await world.database.query(
        `with kept as (
          insert into langgraph_server.assistant_versions
            (assistant_id, version, graph_id, name, config, context, metadata)
          select id, 1, graph_id, name, config, context, metadata from langgraph_server.assistants where id = $1
        )
        update langgraph_server.assistants set config = '{}', version = 2 where id = $1`,
        [once]
      )
      const strangers = await copyOf(world, "otherOrganisation", {})
      const thread = await threadOn(world, "otherOrganisation", strangers)
      for (const fix of [true, true]) {
        const { leftovers } = await examine(world, { fix, dryRun: false })
        const left = new Map(leftovers.map(({ id, note, what }) => [id, `${what}: ${note}`]))
        assert.match(left.get(configured) ?? "", /^left: .*somebody has configured it/)
        assert.match(left.get(once) ?? "", /^left: .*somebody has configured it/)
        assert.match(left.get(strangers) ?? "", /^left: .*may not use the agent/)
      }
      for (const id of [configured, once, strangers]) assert.isTrue(await isThere(world, id))
      assert.strictEqual(await pointedAt(world, "otherOrganisation", thread), strangers)
      assert.lengthOf(await say(world, "otherOrganisation", thread, strangers, ["say:noch da"]), 4)
    },

  "a bare copy that holds the agent's own id makes room for it": async (world) => {
    const { database } = world
    await database.query("delete from langgraph_server.assistants where id = $1", [agents.allgemein])
    await database.query(
      `insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source, owner_id)
       values ($1, 'agent', 'Untitled', '{}', '{}', $2, 'member', $3)`,
      [agents.allgemein, { supabase_agent_id: agents.allgemein }, people.member]
    )
    const found = await examine(world, { dryRun: false }, { _tag: "Agents", ids: [agents.allgemein] })
    const taken = found.chains[0]?.links.find(({ link }) => link === "synced")
    assert.deepEqual(taken?.faults, ["IdTaken"])
    assert.isTrue(taken?.fixable)
    await examine(world, { fix: true, dryRun: false })
    assert.strictEqual((await world.client("admin").assistants.get(agents.allgemein)).name, "Allgemeiner Assistent")
  },

  "the assistant of an agent that is gone is retired, and of two repairs the second has nothing to do": async (
    world
  ) => {
    await world.database.query("update public.agents set status = 'disabled' where id = $1", [agents.dokumente])
    const { leftovers } = await examine(world, { dryRun: false })
    assert.include(leftovers.map(({ id, what }) => `${what} ${id}`), `retired ${agents.dokumente}`)
    const { fixed } = await examine(world, { fix: true, dryRun: false }, everything)
    assert.include(fixed.map(({ id, what }) => `${what} ${id}`), `retired ${agents.dokumente}`)
    const again = await examine(world, { fix: true, dryRun: false })
    assert.deepEqual(again.fixed.filter(({ what }) => what !== "left"), [])
  }
} satisfies Scenarios
