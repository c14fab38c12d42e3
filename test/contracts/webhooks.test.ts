import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Option, Redacted, Schedule, Scope, Stream } from "effect"
import { createHmac } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import * as GuardedFetch from "../../src/adapters/outbound/GuardedFetch.ts"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { PgWebhooks } from "../../src/adapters/postgres/PgWebhooks.ts"
import { webhookDeliveries } from "../../src/adapters/postgres/WebhookDeliveries.ts"
import { deadWebhookQueue, webhookQueue, webhookQueues } from "../../src/adapters/postgres/WebhookQueue.ts"
import * as HttpWebhookPost from "../../src/adapters/webhooks/HttpWebhookPost.ts"
import { type Run, RunOutcome } from "../../src/domain/Run.ts"
import { type RunEvent, RunEvents } from "../../src/ports/RunEvents.ts"
import { WebhookPost } from "../../src/ports/WebhookPost.ts"
import { Webhooks } from "../../src/ports/Webhooks.ts"
import { supervisedEngine } from "../support/SupervisedEngine.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { newThread, runOn } from "./queued-runs.ts"

const secret = "a secret between two"

/** The queues as they are, but for the pace: seconds are a long time for a test. */
const hastyQueues = webhookQueues.map((queue) =>
  queue.name === webhookQueue ? { ...queue, retryDelay: 1, retryDelayMax: 1, retryLimit: 3, expireInSeconds: 6 } : queue
)

interface Received {
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

type Answer = (response: ServerResponse, request: Received, nth: number) => void

/** A receiver that remembers what came, and answers as it is told. */
const receiver = (answer: Answer = (response) => response.writeHead(204).end()) =>
  Effect.acquireRelease(
    Effect.callback<{ url: string; received: Array<Received>; close: () => void }>((resume) => {
      const received: Array<Received> = []
      const server = createServer(async (request, response) => {
        let body = ""
        for await (const chunk of request) body += String(chunk)
        const one = { path: request.url ?? "", headers: request.headers, body }
        received.push(one)
        answer(response, one, received.length)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, received, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const toward = (webhook: string | null): Run => {
  const run = runOn(newThread())
  return { ...run, metadata: { ticket: run.run_id }, request: { ...run.request, timeout_seconds: 60, webhook } }
}

const done = RunOutcome.Completed({ interrupts: {}, waiting: false })

/** Logs that say nothing but the results of these runs. */
const logs = (results: ReadonlyMap<string, string>) =>
  Layer.succeed(RunEvents, {
    publish: () => Effect.void,
    flush: () => Effect.void,
    end: () => Effect.void,
    read: (runId) => {
      const result = results.get(runId)
      const events: ReadonlyArray<RunEvent> = result === undefined
        ? []
        : [{ event: "values", data: "{\"early\":1}" }, { event: "__result__", data: result }]
      return Stream.fromIterable(events.map((event, id) => ({ ...event, id })))
    }
  })

interface WorldOptions {
  readonly allow?: ReadonlyArray<string>
  readonly signed?: boolean
  readonly results?: ReadonlyMap<string, string>
  readonly timeout?: number
}

const post = ({ allow = ["127.0.0.1"], signed = true, timeout = 10_000 }: WorldOptions) =>
  HttpWebhookPost.layer({
    allow,
    timeout,
    secret: signed ? Option.some(Redacted.make(secret)) : Option.none()
  }).pipe(Layer.provide(GuardedFetch.layer({ allow })))

const announcing = (url: Redacted.Redacted<string>) =>
  PgWebhooks.pipe(
    Layer.provideMerge(supervisedEngine(url, hastyQueues))
  )

/** One replica's deliveries, on an engine of its own. */
const replica = (url: Redacted.Redacted<string>, options: WorldOptions = {}) =>
  webhookDeliveries({ lookEvery: "50 millis", drainFor: "0 millis" }).pipe(
    Layer.provide([post(options), logs(options.results ?? new Map())]),
    Layer.provide(supervisedEngine(url, hastyQueues)),
    Layer.fresh
  )

const inWorld = <A, E, R>(work: Effect.Effect<A, E, R>, options: WorldOptions = {}) =>
  Effect.gen(function*() {
    const url = yield* freshDatabase
    return yield* work.pipe(
      Effect.provide(Layer.provideMerge(replica(url, options), announcing(url))),
      Effect.scoped
    )
  })

const until = <E, R>(what: string, holds: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(holds, { until: (held) => held, schedule: Schedule.spaced("25 millis") }).pipe(
    Effect.timeoutOrElse({ duration: "60 seconds", orElse: () => Effect.die(new Error(`Waited in vain for ${what}`)) })
  )

const jobs = (queue: string) =>
  Effect.flatMap(JobEngine, (engine) => engine.ask((boss) => boss.findJobs<Record<string, unknown>>(queue)))

const arrived = (received: ReadonlyArray<Received>, count: number) =>
  until(`${count} deliveries`, Effect.sync(() => received.length >= count))

const settled = until(
  "the queue to be empty",
  Effect.map(jobs(webhookQueue), (jobs) => jobs.every(({ state }) => state === "completed"))
)

describe("Webhooks", () => {
  for (
    const [outcome, status] of [
      [done, "success"],
      [RunOutcome.Failed({ failure: { error: "ModelError", message: "no\0\ud800" } }), "error"],
      [RunOutcome.TimedOut({ failure: { error: "RunTimeout", message: "too long" } }), "timeout"],
      [RunOutcome.Cancelled({ action: "interrupt" }), "interrupted"],
      [RunOutcome.Cancelled({ action: "rollback" }), "interrupted"]
    ] as const
  ) {
    it.live(`tell the truth about a run that ended ${JSON.stringify(outcome._tag)} (${status}), once and signed`, () =>
      Effect.gen(function*() {
        const { received, url } = yield* receiver()
        const run = toward(`${url}/hook?key=1`)
        const results = new Map([[run.run_id, "{\"messages\":[\"hello\"]}"]])
        yield* inWorld(
          Effect.gen(function*() {
            yield* (yield* Webhooks).announce(run, outcome)
            yield* arrived(received, 1)
            yield* settled
            yield* Effect.sleep("200 millis")
          }),
          { results }
        )
        assert.lengthOf(received, 1)
        const [{ body, headers, path } = { body: "", headers: {}, path: "" }] = received
        assert.strictEqual(path, "/hook?key=1")
        assert.strictEqual(headers["content-type"], "application/json")
        assert.strictEqual(headers["x-throughline-delivery"], run.run_id)
        assert.strictEqual(headers["x-throughline-attempt"], "1")
        const [, time = "", signature = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
          String(headers["x-throughline-signature"])
        ) ?? []
        assert.strictEqual(signature, createHmac("sha256", secret).update(`${time}.${body}`).digest("hex"))
        assert.closeTo(Number(time), Date.now() / 1000, 10)
        const told = JSON.parse(body)
        assert.deepInclude(told, {
          run_id: run.run_id,
          thread_id: run.thread_id,
          assistant_id: run.assistant_id,
          status,
          metadata: { ticket: run.run_id },
          values: status === "success" ? { messages: ["hello"] } : null
        })
        assert.strictEqual(told.error?.error, "failure" in outcome ? outcome.failure.error : undefined)
        assert.isString(told.run_ended_at)
      }))
  }

  it.live("are not signed without a secret, and carry a URL's user as Basic authentication", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      yield* inWorld(
        Effect.gen(function*() {
          yield* (yield* Webhooks).announce(toward(`${url.replace("//", "//ann:p%40ss@")}/`), done)
          yield* arrived(received, 1)
        }),
        { signed: false }
      )
      assert.notProperty(received[0]?.headers, "x-throughline-signature")
      assert.strictEqual(received[0]?.headers.authorization, `Basic ${btoa("ann:p@ss")}`)
    }))

  it.live("of a run without one, or of an end that was rolled back, are not sent", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      yield* inWorld(Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const webhooks = yield* Webhooks
        yield* webhooks.announce(toward(null), done)
        const rolledBack = Effect.andThen(webhooks.announce(toward(url), done), Effect.fail("rolled back"))
        assert.strictEqual(yield* Effect.flip(sql.withTransaction(rolledBack)), "rolled back")
        const after = toward(url)
        yield* sql.withTransaction(webhooks.announce(after, done))
        yield* arrived(received, 1)
        yield* settled
        assert.deepStrictEqual(received.map(({ headers }) => headers["x-throughline-delivery"]), [after.run_id])
      }))
    }))

  it.live("are sent again to a receiver that fails, until it takes them", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver((response, _, nth) => response.writeHead(nth < 3 ? 503 : 200).end("ok"))
      yield* inWorld(Effect.gen(function*() {
        yield* (yield* Webhooks).announce(toward(url), done)
        yield* arrived(received, 3)
        yield* settled
        assert.lengthOf(yield* jobs(deadWebhookQueue), 0)
      }))
      assert.deepStrictEqual(received.map(({ headers }) => headers["x-throughline-attempt"]), ["1", "2", "3"])
    }))

  it.live("are given up when nobody takes them, and kept with the reason in words", () =>
    Effect.gen(function*() {
      const away = yield* Effect.map(Effect.scoped(receiver()), ({ url }) => `${url}/hook?key=secret`)
      const gone = yield* receiver((response) => response.writeHead(410).end())
      const moved = yield* receiver((response, { path }) =>
        path === "/" ? response.writeHead(302, { location: "/elsewhere" }).end() : response.writeHead(200).end()
      )
      yield* inWorld(Effect.gen(function*() {
        const webhooks = yield* Webhooks
        const runs = [toward(away), toward(`${gone.url}/`), toward(`${moved.url}/`)]
        yield* Effect.forEach(runs, (run) => webhooks.announce(run, done))
        yield* until("the dead letters", Effect.map(jobs(deadWebhookQueue), ({ length }) => length === 3))
        const dead = yield* jobs(deadWebhookQueue)
        const told = runs.map(({ run_id }) => dead.find(({ id }) => id === run_id)?.data)
        assert.deepStrictEqual(told.map((data) => [data?.["why"], data?.["attempts"]]), [
          ["the receiver could not be reached (ECONNREFUSED)", 4],
          ["the receiver answered 410", 1],
          ["the receiver answered 302", 4]
        ])
        assert.deepStrictEqual(moved.received.map(({ path }) => path), ["/", "/", "/", "/"])
        const [{ createdOn, keepUntil } = { createdOn: new Date(), keepUntil: new Date() }] = dead
        assert.closeTo((keepUntil.getTime() - createdOn.getTime()) / 86_400_000, 7, 0.01)
        yield* settled
      }))
    }))

  it.live("that were given up can be sent again, when the receiver is back", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver((response, _, nth) => response.writeHead(nth === 1 ? 410 : 200).end())
      const run = toward(url)
      yield* inWorld(Effect.gen(function*() {
        yield* (yield* Webhooks).announce(run, done)
        yield* until("the dead letter", Effect.map(jobs(deadWebhookQueue), ({ length }) => length === 1))
        const engine = yield* JobEngine
        const moved = yield* engine.ask((boss) => boss.redrive(deadWebhookQueue, { destination: webhookQueue }))
        assert.strictEqual(moved, 1)
        yield* arrived(received, 2)
        yield* settled
      }))
      assert.strictEqual(received[1]?.headers["x-throughline-delivery"], run.run_id)
    }))

  it.live("are not sent to private addresses, and not tried again", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver()
      yield* inWorld(
        Effect.gen(function*() {
          const { admit } = yield* WebhookPost.pipe(Effect.provide(post({ allow: [] })))
          const refused = yield* Effect.flip(admit(`${url}/path?key=secret`))
          assert.include(refused.message, "OUTBOUND_ALLOW")
          assert.notInclude(refused.message, "secret")
          yield* admit("https://example.com/")

          const run = toward(`${url}/?key=secret`)
          yield* (yield* Webhooks).announce(run, done)
          yield* until("the dead letter", Effect.map(jobs(deadWebhookQueue), ({ length }) => length === 1))
          const [dead] = yield* jobs(deadWebhookQueue)
          assert.include(String(dead?.data["why"]), "refused")
          assert.strictEqual(dead?.data["attempts"], 1)
        }),
        { allow: [] }
      )
      assert.lengthOf(received, 0)
    }))

  it.live("are delivered by another replica when the one that had them is gone", () =>
    Effect.gen(function*() {
      const stuck = yield* Deferred.make<void>()
      const { received, url } = yield* receiver((response, _, nth) => {
        if (nth === 1) Deferred.doneUnsafe(stuck, Effect.void)
        else response.writeHead(200).end()
      })
      const database = yield* freshDatabase
      yield* Effect.gen(function*() {
        const lost = yield* Scope.make()
        yield* Layer.buildWithScope(replica(database), lost)
        yield* (yield* Webhooks).announce(toward(url), done)
        yield* Deferred.await(stuck)
        yield* Scope.close(lost, Exit.void)
        yield* Layer.build(replica(database))
        yield* arrived(received, 2)
        yield* settled
      }).pipe(Effect.provide(announcing(database)), Effect.scoped)
      assert.deepStrictEqual(received.map(({ headers }) => headers["x-throughline-attempt"]), ["1", "2"])
      assert.strictEqual(received[0]?.headers["x-throughline-delivery"], received[1]?.headers["x-throughline-delivery"])
    }))

  it.live("to a receiver that is slow do not hold up those to others", () =>
    Effect.gen(function*() {
      const slow = yield* receiver(() => undefined)
      const { received, url } = yield* receiver()
      yield* inWorld(Effect.gen(function*() {
        const webhooks = yield* Webhooks
        yield* Effect.forEach(Array.from({ length: 60 }), () => webhooks.announce(toward(slow.url), done))
        yield* arrived(slow.received, 8)
        yield* Effect.forEach(Array.from({ length: 20 }), () => webhooks.announce(toward(url), done))
        yield* arrived(received, 20).pipe(Effect.timeout("5 seconds"))
        assert.isBelow(slow.received.length, 10, "one receiver keeps few connections busy")
      }))
    }))

  it.live("are tried again when the receiver does not answer in time", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver((response, _, nth) => nth === 1 ? undefined : response.end())
      yield* inWorld(
        Effect.gen(function*() {
          yield* (yield* Webhooks).announce(toward(url), done)
          yield* arrived(received, 2)
          yield* settled
        }),
        { timeout: 1_000 }
      )
    }))
})
