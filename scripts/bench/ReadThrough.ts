import { Effect, Layer, Redacted, Schema } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { demoSecret, mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PgAgentSource } from "../../src/adapters/postgres/PgAgentSource.ts"
import { Engine, Ownership } from "../../src/domain/Agent.ts"
import { planSync } from "../../src/domain/AgentSync.ts"
import { OrganizationId } from "../../src/domain/Principal.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { connected, worldDatabase } from "../support/OwnWorld.ts"
import { child } from "./Child.ts"
import { newThread, post, type Target as Server, turnOn } from "./Http.ts"
import { atLeast, atMost, type BenchOptions, median, quantiles, round, type Section } from "./Report.ts"
import { backends } from "./Runs.ts"
import { sqlTap } from "./SqlTap.ts"

const decodeReady = Schema.decodeUnknownSync(Schema.Struct({ url: Schema.String }))
const decodeRun = Schema.decodeUnknownSync(
  Schema.Struct({ kwargs: Schema.Struct({ config: Schema.Struct({ configurable: Schema.JsonObject }) }) })
)

const side = Effect.fnUntraced(function*(which: "through" | "once", modelUrl: string, mcpUrl: string) {
  const databaseUrl = yield* worldDatabase(`read_${which}`, mcpUrl)
  const tap = yield* sqlTap(databaseUrl)
  const secret = yield* demoSecret
  const server = (url: string) =>
    Effect.map(
      child("./ReadThroughServer.ts", [
        which,
        JSON.stringify({
          PORT: "0",
          DATABASE_URL: url,
          SUPABASE_JWT_SECRET: Redacted.value(secret),
          SECRETS_KEY: randomBytes(32).toString("base64url"),
          OPENAI_API_KEY: "sk-scripted",
          OPENAI_BASE_URL: modelUrl,
          RUNS_WAITING_PER_ORGANISATION: "1000000"
        })
      ]),
      ({ ready }) => decodeReady(ready).url
    )
  const token = Redacted.value(yield* mintToken({ secret, userId: people.member }))
  const target = (url: string): Server => ({ url, token, agent: agents.recht })
  return { target: target(yield* server(databaseUrl)), tapped: target(yield* server(tap.url)), tap, databaseUrl }
})

/** Decides what a run runs with, and writes it down; nobody executes it. */
const begin = async (server: Server, thread: string) => {
  const started = performance.now()
  const body = { assistant_id: server.agent, input: { messages: [] }, after_seconds: 86_400 }
  const run = decodeRun(await (await post(server, `/threads/${thread}/runs`, body)).json())
  return { ms: performance.now() - started, prompt: run.kwargs.config.configurable["system_prompt"] }
}

/** What it takes to compare a row with what was synced, without the reading: a prompt of a page. */
const comparison = (rounds: number) => {
  const agent = {
    id: agents.recht,
    organizationId: OrganizationId.make("11111111-1111-4111-a111-111111111111"),
    name: "Recht",
    description: null,
    graphId: "agent",
    engine: Engine.Resolved({ model: "openai:gpt-4o-mini" }),
    systemPrompt: "Du hilfst. ".repeat(200),
    sampling: { temperature: 0.3 },
    agentTools: [],
    ownership: Ownership.Organization(),
    mcpTools: [{ tool_name: "legal-mcp", endpoint_url: "http://legal-mcp:8000", auth_required: false }],
    assistantId: agents.recht
  }
  const digest = (text: string) => createHash("sha256").update(text).digest("hex")
  const world = { agents: [agent], assistants: [], graphs: ["agent"], digest }
  for (let n = 0; n < rounds; n++) planSync(world)
  const started = performance.now()
  for (let n = 0; n < rounds; n++) planSync(world)
  return (performance.now() - started) / rounds
}

/** The statement by itself, from this process. */
const reading = Effect.fnUntraced(function*(databaseUrl: string, rounds: number) {
  const { seenBy } = yield* AgentSource
  const millis: Array<number> = []
  for (let n = -rounds; n < rounds; n++) {
    const started = performance.now()
    yield* seenBy(agents.recht, people.member)
    if (n >= 0) millis.push(performance.now() - started)
  }
  return millis
}, (work, databaseUrl) =>
  Effect.provide(
    work,
    PgAgentSource.pipe(Layer.provide(databaseLayer({ url: Redacted.make(databaseUrl), poolSize: 2 })))
  ))

/** How often the consumer's tables are asked for one run, and right after another one. */
const statements = async ({ tap, tapped }: Effect.Success<ReturnType<typeof side>>) => {
  const asked = async (thread: string) => {
    tap.take()
    await begin(tapped, thread)
    return tap.take().statements.filter((text) => /public\.(agents|organization_members)/.test(text)).length
  }
  const [first, second, third] = [await newThread(tapped), await newThread(tapped), await newThread(tapped)]
  await asked(first)
  const again = await asked(second)
  // What is remembered of the person's memberships is too old then.
  await sleep(2_500)
  return { again, rested: await asked(third) }
}

/** What it costs a run that its agent's row is looked at, and how soon an edit is there. */
export const readThrough = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const { mcpUrl, modelUrl } = yield* backends
  const through = yield* side("through", modelUrl, mcpUrl)
  const once = yield* side("once", modelUrl, mcpUrl)
  const client = yield* connected(through.databaseUrl)
  const read = yield* reading(through.databaseUrl, quick ? 300 : 2_000)
  return yield* Effect.promise(async (): Promise<Section> => {
    const sides = { through, once }
    const begun = { through: Array<number>(), once: Array<number>() }
    const whole = { through: Array<number>(), once: Array<number>() }
    const both = ["through", "once"] as const
    for (const [rounds, keep] of [[20, false], [quick ? 100 : 600, true]] as const) {
      for (let n = 0; n < rounds; n++) {
        // Either goes first in turn.
        for (const which of n % 2 === 0 ? both : both.toReversed()) {
          const { target } = sides[which]
          const { ms } = await begin(target, await newThread(target))
          if (keep) begun[which].push(ms)
        }
      }
    }
    for (const [rounds, keep] of [[10, false], [quick ? 30 : 300, true]] as const) {
      for (let n = 0; n < rounds; n++) {
        for (const which of n % 2 === 0 ? both : both.toReversed()) {
          const { target } = sides[which]
          const { completion } = await turnOn(target, await newThread(target), "wait")
          if (keep) whole[which].push(completion)
        }
      }
    }
    const edits = quick ? 20 : 100
    const toEffect: Array<number> = []
    let met = 0
    for (let n = 0; n < edits; n++) {
      const thread = await newThread(through.target)
      await client.query("update public.agents set system_prompt = $2 where id = $1", [agents.recht, `Stand ${n}`])
      const { ms, prompt } = await begin(through.target, thread)
      if (prompt === `Stand ${n}`) met += 1
      toEffect.push(ms)
    }
    const compared = comparison(quick ? 200 : 2_000)
    const asked = { through: await statements(through), once: await statements(once) }
    const row = (what: string, one: ReadonlyArray<number>, other: ReadonlyArray<number>) => {
      const left = quantiles(one), right = quantiles(other)
      return {
        ms: what,
        "read once p50": round(right.p50),
        "read through p50": round(left.p50),
        "more p50": round(left.p50 - right.p50),
        "read once p95": round(right.p95),
        "read through p95": round(left.p95)
      }
    }
    // Two that were asked one after the other had the same machine.
    const costs = ({ once, through }: Record<"through" | "once", ReadonlyArray<number>>) =>
      median(through.map((ms, n) => ms - (once[n] ?? NaN))) + compared
    return {
      title: "What read-through costs a run",
      arrangement:
        "Two servers on a database each, asked in turns, one run at a time: one looks at the agent's row and its members "
        + "for every run, the other once. Both compare what they know with what was synced: that is measured by itself "
        + `(${
          round(compared * 1000)
        } µs) and added.\nStatements on the consumer's tables for a run, after a pause / right after `
        + `another: ${asked.through.rested} / ${asked.through.again}; reading once: ${asked.once.rested} / ${asked.once.again}.`,
      rows: [
        row("a run's creation", begun.through, begun.once),
        row("a run of two model calls and a tool", whole.through, whole.once),
        row("creation of the first run after an edit", toEffect, begun.once),
        {
          "ms": "the reading by itself",
          "read through p50": round(median(read)),
          "read through p95": round(quantiles(read).p95)
        }
      ],
      targets: [
        atMost("a look at the row and the comparison by themselves, median", median(read) + compared, 1, " ms"),
        atMost("more for a run's creation, median", costs(begun), 1, " ms"),
        atMost("more for a whole run, median", costs(whole), 1, " ms"),
        atMost("statements for a run on the consumer's tables", asked.through.again, 1),
        atLeast(`of ${edits} edits in force on the next run`, met, edits)
      ]
    }
  })
})
