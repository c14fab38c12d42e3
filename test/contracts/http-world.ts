import { Context, Effect, Layer, Option, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { layer as serverLayer } from "../../src/adapters/http/Server.ts"
import { layer as credentials } from "../../src/adapters/in-process/InProcessCredentials.ts"
import { layer as runEvents } from "../../src/adapters/in-process/InProcessRunEvents.ts"
import type { Assistant } from "../../src/domain/Assistant.ts"
import { AssistantId, UnknownGraph } from "../../src/domain/Assistant.ts"
import { RunOverrides } from "../../src/domain/EffectiveConfig.ts"
import { UserId } from "../../src/domain/Principal.ts"
import type { CancelAction, Run, RunId } from "../../src/domain/Run.ts"
import { RunOutcome, ThreadBusy, TooManyRuns } from "../../src/domain/Run.ts"
import type { RunTimes } from "../../src/domain/RunRecord.ts"
import { isResume, NothingToResume } from "../../src/domain/RunRequest.ts"
import type { Thread } from "../../src/domain/Thread.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { AgentEvidence } from "../../src/ports/AgentEvidence.ts"
import { AgentGraphs } from "../../src/ports/AgentGraphs.ts"
import { AgentSightings } from "../../src/ports/AgentSightings.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { Assistants, SyncedAssistants } from "../../src/ports/Assistants.ts"
import { ContentDigest } from "../../src/ports/ContentDigest.ts"
import { Crons } from "../../src/ports/Crons.ts"
import { DryRuns } from "../../src/ports/DryRuns.ts"
import { ComponentsNotFound, GraphComponents } from "../../src/ports/GraphComponents.ts"
import { GraphDefaults } from "../../src/ports/GraphDefaults.ts"
import { Memberships } from "../../src/ports/Memberships.ts"
import { OutboundRefused } from "../../src/ports/Outbound.ts"
import { RunPolicy } from "../../src/ports/RunPolicy.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { Runs } from "../../src/ports/Runs.ts"
import { SecretBox } from "../../src/ports/SecretBox.ts"
import { SignIn } from "../../src/ports/SignIn.ts"
import { StateClaims } from "../../src/ports/StateClaims.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { Store } from "../../src/ports/Store.ts"
import { Subruns } from "../../src/ports/Subruns.ts"
import { ThreadRuns } from "../../src/ports/ThreadRuns.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { InvalidToken, TokenVerifier } from "../../src/ports/TokenVerifier.ts"
import { ToolServers } from "../../src/ports/ToolServers.ts"
import { WebhookPost } from "../../src/ports/WebhookPost.ts"
import { Webhooks } from "../../src/ports/Webhooks.ts"

const owner = UserId.make("member")
const day = new Date("2026-01-01T00:00:00Z")

export const ids = {
  thread: "11111111-1111-4111-8111-111111111111",
  busy: "22222222-2222-4222-8222-222222222222",
  full: "44444444-4444-4444-8444-444444444444",
  missing: "33333333-3333-4333-8333-333333333333"
}

const assistant: Assistant = {
  assistant_id: AssistantId.make("mine"),
  graph_id: "agent",
  name: "Mine",
  description: null,
  config: { configurable: { model_name: "openai:gpt-4o", custom_api_key: "sk-canary" }, other: [[1]] },
  context: {},
  metadata: { owner },
  version: 1,
  provenance: { _tag: "Member", owner },
  created_at: day,
  updated_at: day
}

const thread = (id: string): Thread => ({
  thread_id: ThreadId.make(id),
  owner,
  metadata: {},
  status: "idle",
  interrupts: {},
  graph_id: null,
  ttl: null,
  created_at: day,
  updated_at: day,
  state_updated_at: day
})

/** What the adapter made of requests. */
export class Seen extends Context.Service<Seen, {
  readonly runs: Map<RunId, Run>
  readonly cancelled: Array<readonly [RunId, CancelAction]>
  /** Which active runs were looked for. */
  readonly sought: Array<Parameters<Runs["Service"]["active"]>[0]>
  readonly threads: Array<string>
  ready: boolean
  /** What the store does before it takes a run. */
  beforeCreate: Effect.Effect<void>
}>()("test/http/Seen") {}

const assistants = Layer.mock(Assistants, {
  find: (id) => {
    if (id === "away") return Effect.fail(new StorageUnavailable())
    if (id === "broken") return Effect.die(new Error("a defect that names sk-canary"))
    return Effect.succeed(id === "mine" ? Option.some(assistant) : Option.none())
  },
  search: ({ limit, offset }) =>
    Effect.succeed({ items: Array.from({ length: Math.min(limit, 25 - offset) }, () => assistant), total: 25 }),
  create: (id, content) => Effect.succeed({ ...assistant, ...content, assistant_id: id })
})

const storage = Layer.effect(
  Storage,
  Effect.map(Seen, (seen) =>
    Storage.of({
      ready: Effect.sync(() => seen.ready),
      awaitReady: Effect.never,
      listening: Effect.succeed(true)
    }))
)

const threads = Layer.effect(
  Threads,
  Effect.map(Seen, (seen) => {
    const there: ReadonlyArray<string> = [ids.thread, ids.busy, ids.full]
    const unused = () => Effect.die("not used by these tests")
    return Threads.of({
      create: (id) => Effect.sync(() => (seen.threads.push(id), thread(id))),
      find: (id) => Effect.succeed(there.includes(id) ? Option.some(thread(id)) : Option.none()),
      search: ({ offset }) => Effect.succeed({ items: offset === 0 ? [thread(ids.thread)] : [], total: 1 }),
      count: () => Effect.succeed(1),
      patch: unused,
      delete: unused,
      prune: unused,
      ranOn: unused,
      copy: unused
    })
  })
)

const untimed = ({ created_at }: Run): RunTimes => ({
  configured_ms: null,
  created_at,
  waiting_since: null,
  attempts: {}
})

const runs = Layer.effect(
  Runs,
  Effect.map(Seen, (seen) =>
    Runs.of({
      create: ({ after_seconds, ...run }) => {
        if (run.thread_id === ids.busy) return Effect.fail(new ThreadBusy({ thread: ids.busy }))
        if (run.thread_id === ids.full) return Effect.fail(new TooManyRuns({ limit: 7 }))
        if (isResume(run.request)) return Effect.fail(new NothingToResume({ thread: run.thread_id }))
        const accepted: Run = {
          ...run,
          owner,
          status: "pending",
          attempt: 1,
          lost: 0,
          run_at: new Date(day.getTime() + after_seconds * 1000),
          started_at: null,
          cancel_requested: null,
          tools: null,
          failure: null,
          parent: null,
          created_at: day,
          updated_at: day
        }
        seen.runs.set(run.run_id, accepted)
        return Effect.as(seen.beforeCreate, accepted)
      },
      together: (work) => work,
      find: (_, id) => Effect.succeed(Option.fromUndefinedOr(seen.runs.get(id))),
      threadOf: (id) =>
        Effect.succeed(Option.map(Option.fromUndefinedOr(seen.runs.get(id)), ({ thread_id }) => thread_id)),
      list: () => Effect.succeed([...seen.runs.values()]),
      record: (_, id) =>
        Effect.succeed(Option.map(Option.fromUndefinedOr(seen.runs.get(id)), (run) => ({ run, times: untimed(run) }))),
      search: ({ offset }) =>
        Effect.succeed({ items: offset === 0 ? [...seen.runs.values()] : [], total: seen.runs.size }),
      active: (which) => {
        seen.sought.push(which)
        return Effect.succeed([...seen.runs.keys()])
      },
      cancel: (id, action, _principal, atEnd) => {
        seen.cancelled.push([id, action])
        const run = seen.runs.get(id)
        return run === undefined ? Effect.void : atEnd(run, RunOutcome.Cancelled({ action }))
      },
      delete: () => Effect.succeed(true)
    }))
)

/** Nothing here is ever executed. */
const queue = Layer.mock(RunQueue, { replica: "here", held: Effect.succeed([]) })

const identity = Layer.mergeAll(
  Layer.succeed(TokenVerifier, {
    verify: (token) =>
      Redacted.value(token) === "good"
        ? Effect.succeed({ userId: owner, expiresAt: 4e9 })
        : Effect.fail(new InvalidToken({ reason: "The token is not one of ours" }))
  }),
  Layer.succeed(Memberships, { principal: (userId) => Effect.succeed({ userId, memberships: [] }) })
)

/** Of one graph, with a name as nobody thinks of it. */
const components = Layer.succeed(GraphComponents, {
  names: new Set(["a b.\"c"]),
  files: (graph) =>
    graph === "a b.\"c"
      ? Effect.succeed(
        ["entrypoint.js", "entrypoint.css", "dot.png"].map((name) => ({ name, contents: Buffer.from(`${name} ü`) }))
      )
      : Effect.fail(new ComponentsNotFound({ graph, ...(graph === "agent" ? { unbuilt: true } : {}) }))
})

const rest = Layer.mergeAll(
  Layer.mock(AgentGraphs, {
    names: ["agent"],
    check: (graph) => graph === "agent" ? Effect.void : Effect.fail(new UnknownGraph({ graph, known: ["agent"] })),
    defaults: () => ({})
  }),
  components,
  Layer.mock(StateClaims, {}),
  Layer.mock(Subruns, { of: () => Effect.succeed([]) }),
  Layer.mock(ThreadRuns, {}),
  Layer.mock(AgentSource, {
    seenBy: (_, userId) => Effect.succeed({ agent: Option.none(), principal: { userId, memberships: [] } }),
    state: () => Effect.succeedNone,
    has: () => Effect.succeed(false),
    unreadable: Effect.succeedNone
  }),
  Layer.mock(AgentSightings, { allowedSeconds: 3600 }),
  Layer.mock(AgentEvidence, {}),
  Layer.mock(DryRuns, { canTry: () => false }),
  Layer.mock(ToolServers, {}),
  Layer.mock(SyncedAssistants, { stored: () => Effect.succeed([]) }),
  Layer.mock(Store, {}),
  Layer.mock(Crons, {}),
  Layer.succeed(ContentDigest, { digest: (text) => text }),
  Layer.succeed(GraphDefaults, new Map()),
  Layer.succeed(RunPolicy, {
    overrides: RunOverrides.Safe(),
    maxAttempts: 3,
    timeoutSeconds: 3600,
    concurrentPerTenant: 10,
    waitingPerTenant: 7
  }),
  Layer.succeed(Webhooks, { announce: () => Effect.void }),
  Layer.mock(WebhookPost, {
    admit: (url) =>
      url.includes("//private")
        ? Effect.fail(new OutboundRefused({ host: "private", why: "it is private" }))
        : Effect.void
  }),
  credentials,
  Layer.succeed(SecretBox, { seal: (secret) => Effect.succeed(secret), open: (text) => Effect.succeed(text) })
)

interface Page {
  readonly consoleFolder?: string
  readonly signIn?: Partial<SignIn["Service"]>
}

/** This adapter, listening, in front of ports that remember what they were asked. */
export const world = (corsOrigins: "*" | ReadonlyArray<string> = "*", { consoleFolder, signIn }: Page = {}) =>
  serverLayer({
    port: 0,
    host: "127.0.0.1",
    corsOrigins,
    gracefulShutdownTimeout: "1 second",
    ...(consoleFolder === undefined ? {} : { consoleFolder })
  }).pipe(
    Layer.provideMerge(Layer.succeed(SignIn, { supabase: Option.none(), demoPeople: Option.none(), ...signIn })),
    Layer.provideMerge(
      Layer.mergeAll(assistants, storage, threads, runs, queue, identity, rest, runEvents)
    ),
    Layer.provideMerge(
      Layer.sync(
        Seen,
        () => ({ runs: new Map(), cancelled: [], sought: [], threads: [], ready: true, beforeCreate: Effect.void })
      )
    )
  )

export const origin = Effect.map(HttpServer.HttpServer, ({ address }) => {
  if (address._tag === "UnixPathAddress") throw new Error("expected a port")
  return `http://127.0.0.1:${address.port}`
})

/** A request with a good token, unless its headers say otherwise. */
export const send = Effect.fnUntraced(function*(path: string, init: RequestInit = {}) {
  const base = yield* origin
  return yield* Effect.promise(() =>
    fetch(`${base}${path}`, {
      ...init,
      headers: { authorization: "Bearer good", "content-type": "application/json", ...init.headers }
    })
  )
})

/** Its status and what it says. */
export const ask = Effect.fnUntraced(function*(method: string, path: string, body?: unknown) {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body)
  const response = yield* send(path, { method, ...(text === undefined ? {} : { body: text }) })
  const answer = yield* Effect.promise(() => response.text())
  const json: unknown = answer === "" ? undefined : JSON.parse(answer)
  return { status: response.status, json, headers: response.headers }
})
