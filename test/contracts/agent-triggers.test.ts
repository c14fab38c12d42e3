import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { Client } from "pg"
import { agents, type Generation } from "../../src/adapters/demo/World.ts"
import { PgAgentTriggers } from "../../src/adapters/postgres/PgAgentTriggers.ts"
import { AgentTriggers } from "../../src/ports/AgentTriggers.ts"
import { onPostgres } from "../support/PostgresPorts.ts"
import { consumerWorld } from "../support/TestDatabase.ts"

const connected = (url: Redacted.Redacted<string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client({ connectionString: Redacted.value(url) })
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.end())
  )

const onTables = <A, E>(
  generation: Generation,
  work: (url: Redacted.Redacted<string>, consumer: Client) => Effect.Effect<A, E, AgentTriggers | Scope.Scope>
) =>
  Effect.scoped(Effect.gen(function*() {
    const url = yield* consumerWorld({ generation, secondOrganisation: true })
    const consumer = yield* connected(url)
    return yield* onPostgres(url, Effect.provide(work(url, consumer), PgAgentTriggers))
  }))

/** All that a database knows of itself, but for what only grows with use. */
const catalogue = (client: Client) =>
  Effect.promise(async () => {
    const found: Record<string, ReadonlyArray<unknown>> = {}
    for (
      const [name, query] of Object.entries({
        triggers: "select oid::text, tgname, tgrelid::regclass::text, tgfoid::regproc::text, tgenabled from pg_trigger",
        functions: "select oid::text, proname, pronamespace::text, proowner::text, proacl::text from pg_proc",
        relations: "select oid::text, relname, relkind::text, relacl::text, relhastriggers from pg_class",
        columns: "select attrelid::text, attname, atttypid::text, attacl::text from pg_attribute",
        schemas: "select oid::text, nspname, nspacl::text from pg_namespace",
        dependencies:
          "select classid::text, objid::text, refclassid::text, refobjid::text, deptype::text from pg_depend",
        shared: `select classid::text, objid::text, deptype::text from pg_shdepend
          where dbid = (select oid from pg_database where datname = current_database())`,
        descriptions: "select objoid::text, description from pg_description where objoid >= 16384",
        constraints: "select oid::text, conname from pg_constraint",
        event_triggers: "select oid::text, evtname from pg_event_trigger",
        settings: "select setdatabase::text, setconfig::text from pg_db_role_setting"
      })
    ) {
      // Temporary schemas come with whoever first needs one.
      const { rows } = await client.query({
        text: `select t::text as row from (${query}) t order by 1`,
        rowMode: "array"
      })
      found[name] = rows.map(([row]) => row)
    }
    return found
  })

const write = (client: Client) => client.query(`update public.agents set name = name where id = '${agents.recht}'`)

describe("AgentTriggers", () => {
  for (const generation of ["v1", "v2"] satisfies ReadonlyArray<Generation>) {
    it.live(`are put in and taken away without trace, while people write, in ${generation}`, () =>
      onTables(generation, (url, consumer) =>
        Effect.gen(function*() {
          const { install, remove, status } = yield* AgentTriggers
          const states = (tables: ReadonlyArray<{ readonly state: string }>) => tables.map(({ state }) => state)
          const before = yield* catalogue(consumer)
          const writers = yield* Effect.all([connected(url), connected(url)])
          const stop = new AbortController()
          let written = 0, longest = 0
          const writes = writers.map(async (writer) => {
            while (!stop.signal.aborted) {
              const started = performance.now()
              await writer.query("begin")
              await write(writer)
              await writer.query("update public.mcp_tools set tool_name = tool_name")
              await writer.query("commit")
              longest = Math.max(longest, performance.now() - started)
              written += 1
              await new Promise((resolve) => setTimeout(resolve, 2))
            }
          })
          assert.deepStrictEqual(states(yield* status), Array(5).fill("missing"))
          for (let round = 0; round < 3; round++) {
            assert.deepStrictEqual(states(yield* install), Array(5).fill("installed"))
            assert.deepStrictEqual(states(yield* install), Array(5).fill("installed"), "twice is once")
            assert.deepStrictEqual(states(yield* remove), Array(5).fill("missing"))
          }
          yield* remove
          stop.abort()
          yield* Effect.promise(() => Promise.all(writes))
          assert.isAbove(written, 5)
          assert.deepStrictEqual(yield* catalogue(consumer), before)
          console.log(`${generation}: ${written} transactions meanwhile, the longest ${Math.round(longest)} ms`)
        })))
  }

  it.live("are fired by whoever may write, without any right on what is ours", () =>
    onTables("v2", (_, consumer) =>
      Effect.gen(function*() {
        const { install } = yield* AgentTriggers
        yield* install
        const role = `writer_${randomUUID().replaceAll("-", "")}`
        yield* Effect.promise(async () => {
          await consumer.query(`create role ${role}`)
          try {
            await consumer.query(`grant usage on schema public to ${role}`)
            await consumer.query(`grant all on all tables in schema public to ${role}`)
            await consumer.query("listen langgraph_server")
            const heard: Array<string> = []
            consumer.on("notification", ({ payload = "" }) => heard.push(payload))
            await consumer.query(`set role ${role}`)
            // A path of the writer's own leads nowhere.
            await consumer.query("create temp table pg_notify (x int)")
            await consumer.query(
              "create function pg_temp.pg_notify(text, text) returns void language sql as 'select 1/0'"
            )
            await consumer.query("set search_path = pg_temp, public")
            await write(consumer)
            await consumer.query("reset search_path")
            await consumer.query("reset role")
            await consumer.query("select 1")
            assert.deepEqual(heard, ["agents"], "nothing of what is in the row")
          } finally {
            await consumer.query("reset role")
            await consumer.query(`drop owned by ${role}`)
            await consumer.query(`drop role ${role}`)
          }
        })
      })))

  it.live("fail no write, whatever fails in them", () =>
    onTables("v2", (_, consumer) =>
      Effect.gen(function*() {
        const { install, remove, status } = yield* AgentTriggers
        yield* install
        yield* Effect.promise(async () => {
          // What could go wrong: the one thing that they call is not to be called.
          await consumer.query("revoke execute on function pg_catalog.pg_notify(text, text) from public")
          const owner = `owner_${randomUUID().replaceAll("-", "")}`
          await consumer.query(`create role ${owner}`)
          await consumer.query(`alter function langgraph_server.tell_agents_changed() owner to ${owner}`)
          try {
            const { rowCount } = await write(consumer)
            assert.strictEqual(rowCount, 1)
          } finally {
            await consumer.query(`alter function langgraph_server.tell_agents_changed() owner to current_user`)
            await consumer.query(`drop role ${owner}`)
            await consumer.query("grant execute on function pg_catalog.pg_notify(text, text) to public")
          }
          await consumer.query("alter table public.agents disable trigger throughline_agents_changed")
        })
        assert.strictEqual((yield* status)[0]?.state, "disabled")
        assert.strictEqual((yield* install)[0]?.state, "installed")
        assert.isTrue((yield* remove).every(({ state }) => state === "missing"))
      })))

  it.live("are refused in words where they can't be, and nothing is done by halves", () =>
    onTables("v2", (_, consumer) =>
      Effect.gen(function*() {
        const { install, remove } = yield* AgentTriggers
        const before = yield* catalogue(consumer)
        yield* Effect.promise(() => consumer.query("alter table public.mcp_tools rename to tools"))
        yield* Effect.promise(() => consumer.query("create view public.mcp_tools as select * from public.tools"))
        const refused = yield* Effect.flip(install)
        assert.include(refused.message, "public.mcp_tools")
        yield* Effect.promise(() => consumer.query("drop view public.mcp_tools"))
        yield* Effect.promise(() => consumer.query("alter table public.tools rename to mcp_tools"))
        assert.deepStrictEqual((yield* catalogue(consumer))["triggers"], before["triggers"])
        yield* install
        yield* remove
      })))
})
