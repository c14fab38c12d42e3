import type { BaseChatModel } from "@langchain/core/language_models/chat_models"
import type { StructuredToolInterface } from "@langchain/core/tools"
import type { BaseCheckpointSaver } from "@langchain/langgraph"
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres"
import { Effect, Layer, Logger, Option, Redacted, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { Pool } from "pg"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { agentGraph } from "../../src/adapters/langgraph/AgentGraph.ts"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import { Models } from "../../src/adapters/langgraph/Models.ts"
import * as McpToolSource from "../../src/adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../../src/adapters/outbound/GuardedFetch.ts"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { connected } from "../support/OwnWorld.ts"
import { atMost, type BenchOptions, median, quantiles, round, type Section } from "./Report.ts"
import { backends } from "./Runs.ts"
import { sqlTap } from "./SqlTap.ts"
import { answer, question } from "./Turn.ts"

interface Memory {
  readonly checkpointer: BaseCheckpointSaver | false
  readonly beforeTools?: () => Promise<void>
}

type Durability = "async" | "sync"

interface Candidate {
  readonly name: string
  readonly durability: Durability
  /** For a turn of its own; the run's row is there. */
  readonly memory: (runId: string) => Memory
}

interface Agent {
  readonly model: BaseChatModel
  readonly tools: ReadonlyArray<StructuredToolInterface>
}

const none = { apiKey: Option.none(), baseUrl: Option.none() }

/** Model and tools of the turn, made once: what is compared is the memory. */
const agent = Effect.fnUntraced(
  function*({ mcpUrl, modelUrl }: { readonly mcpUrl: string; readonly modelUrl: string }) {
    const openai = { apiKey: Option.some(Redacted.make("sk-scripted")), baseUrl: Option.some(modelUrl) }
    const parts = yield* Layer.build(
      Layer.mergeAll(Models.layer({ openai, anthropic: none, google: none }), McpToolSource.layer()).pipe(
        Layer.provide(GuardedFetch.layer({ allow: [] })),
        Layer.provideMerge(Logger.layer([]))
      )
    )
    return yield* Effect.gen(function*() {
      const servers = [{ name: "legal-mcp", url: mcpUrl }]
      const { tools } = yield* (yield* ToolSource).load({ servers, trusted: true, token: null })
      const { model } = yield* (yield* Models).make({ model_name: "openai:gpt-4o-mini" })
      return { model, tools } satisfies Agent
    }).pipe(Effect.provide(parts), Effect.orDie)
  }
)

const turn = async ({ model, tools }: Agent, { durability, memory }: Candidate, runId: string) => {
  const graph = agentGraph({ model, tools, systemPrompt: "Du bist ein Rechts-Assistent.", ...memory(runId) })
  const started = performance.now()
  let last: unknown
  const config = { configurable: { thread_id: runId }, durability, streamMode: ["values", "messages"] }
  for await (const chunk of await graph.stream(question, config)) last = chunk
  const took = performance.now() - started
  if (!JSON.stringify(last).includes(answer)) throw new Error(`a turn came to ${JSON.stringify(last)}`)
  return took
}

/** A thread with a running run for each turn, of one id: columns that a version of the table lacks are left out. */
const addRuns = (url: string, ids: ReadonlyArray<string>) =>
  Effect.scoped(Effect.flatMap(connected(url), (client) =>
    Effect.promise(async () => {
      await client.query(
        `with added as (
          insert into langgraph_server.threads (id, owner_id, metadata)
          select id, 'user', '{}' from unnest($1::uuid[]) id
          returning id
        )
        insert into langgraph_server.runs
        select r.*
        from added
        cross join jsonb_populate_record(
          null::langgraph_server.runs,
          $2::jsonb || jsonb_build_object('id', added.id, 'thread_id', added.id)
        ) r`,
        [ids, {
          assistant_id: "a",
          graph_id: "agent",
          assistant_version: 1,
          owner_id: "user",
          tenant: "user",
          status: "running",
          attempt: 1,
          lost: 0,
          turn: 0,
          held_back: false,
          metadata: {},
          request: {},
          configuration: {},
          multitask_strategy: "reject",
          created_at: new Date(),
          updated_at: new Date(),
          renewed_at: new Date(),
          run_at: new Date()
        }]
      )
    })))

/** The same memories at a database's address; the one without any among them. */
const candidates = Effect.fnUntraced(function*(url: string) {
  const database = databaseLayer({ url: Redacted.make(url), poolSize: 5 })
  const parts = yield* Layer.build(
    Layer.mergeAll(Checkpointer.layer(), PgStorage({ alsoMigrate: Effect.void })).pipe(
      Layer.provide(database),
      Layer.provideMerge(Logger.layer([]))
    )
  )
  const pool = yield* Effect.acquireRelease(
    Effect.sync(() => new Pool({ connectionString: url, max: 5 })),
    (pool) => Effect.promise(() => pool.end())
  )
  pool.on("error", () => undefined)
  const theirs = new PostgresSaver(pool, undefined, { schema: "langgraph_server" })
  yield* Effect.flatMap(Storage, (storage) => storage.awaitReady).pipe(Effect.provide(parts))
  const ours = yield* Effect.flatMap(Checkpointer, ({ saver }) => saver).pipe(Effect.provide(parts))
  const fenced = (runId: string): Memory => {
    const checkpointer = ours.forRun({ runId, attempt: 1 })
    return { checkpointer, beforeTools: () => checkpointer.settled() }
  }
  const all: ReadonlyArray<Candidate> = [
    { name: "no checkpointer", durability: "async", memory: () => ({ checkpointer: false }) },
    { name: "PostgresSaver", durability: "async", memory: () => ({ checkpointer: theirs }) },
    { name: "ours, unfenced", durability: "async", memory: () => ({ checkpointer: ours }) },
    { name: "ours, as runs have it", durability: "async", memory: fenced },
    { name: "PostgresSaver, sync", durability: "sync", memory: () => ({ checkpointer: theirs }) },
    { name: "ours fenced, sync", durability: "sync", memory: fenced }
  ]
  return all
})

const database = Effect.fnUntraced(function*(name: string) {
  const postgres = yield* EmbeddedPostgres
  yield* Effect.scoped(Effect.flatMap(
    connected(Redacted.value(postgres.url("postgres"))),
    (client) => Effect.promise(() => client.query(`create database ${name}`))
  ))
  return Redacted.value(postgres.url(name))
})

const ids = (count: number) => Array.from({ length: count }, () => randomUUID())

const measured = Effect.fnUntraced(function*(quick: boolean) {
  const using = yield* agent(yield* backends)
  const url = yield* database("timed"), countedUrl = yield* database("counted")
  const timed = yield* candidates(url)
  const rounds = quick ? 6 : 20, turns = quick ? 5 : 15
  const runs = ids(timed.length * (rounds + 2) * turns)
  yield* addRuns(url, runs)
  const timings = new Map<string, Array<number>>()
  yield* Effect.promise(async () => {
    for (let index = 0; index < rounds + 2; index++) {
      for (const candidate of timed) {
        for (const runId of runs.splice(0, turns)) {
          const took = await turn(using, candidate, runId)
          // The first rounds warm up.
          if (index >= 2) timings.set(candidate.name, [...timings.get(candidate.name) ?? [], took])
        }
      }
    }
  })
  const tap = yield* sqlTap(countedUrl)
  const counted = yield* candidates(tap.url)
  const countedRuns = ids(counted.length)
  yield* addRuns(countedUrl, countedRuns)
  const statements = new Map<string, { readonly statements: number; readonly roundTrips: number }>()
  for (const [index, candidate] of counted.entries()) {
    tap.take()
    yield* Effect.promise(() => turn(using, candidate, countedRuns[index] ?? ""))
    const seen = tap.take()
    statements.set(candidate.name, { statements: seen.statements.length, roundTrips: seen.roundTrips })
  }
  return { timed, timings, statements }
})

/** What a memory costs a turn. */
export const checkpoints = Effect.fnUntraced(function*(
  { quick }: BenchOptions
): Effect.fn.Return<Section, never, EmbeddedPostgres | Scope.Scope> {
  // A server of its own, which waits for its disk as one in use does.
  const { statements, timed, timings } = yield* measured(quick).pipe(
    Effect.provide(Layer.orDie(EmbeddedPostgres.layer({ maxConnections: 50 })))
  )
  const of = (name: string) => timings.get(name) ?? []
  const bare = median(of("no checkpointer"))
  const rows = timed.map(({ name }) => {
    const { p50, p95 } = quantiles(of(name))
    return {
      memory: name,
      "turn ms p50": round(p50),
      "turn ms p95": round(p95),
      "× none": round(p50 / bare),
      statements: statements.get(name)?.statements ?? 0,
      "round trips": statements.get(name)?.roundTrips ?? 0
    }
  })
  return {
    title: "A turn's memory",
    arrangement:
      "A turn is two model calls and a tool call over loopback, on a thread of its own, one at a time, in this process; "
      + "rounds alternate. Postgres with fsync.\nStatements are counted on the wire, BEGIN and COMMIT among them.",
    rows,
    targets: [atMost("ours, as runs have it, against none", median(of("ours, as runs have it")) / bare, 1.3, "×")]
  }
})
