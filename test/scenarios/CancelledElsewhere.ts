import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { begin, type BegunRun, endOf, median, reading, rowOf } from "../support/ReplicaRuns.ts"
import { homely, type Replica, type Replicas, type SharedScenario } from "../support/ReplicaServers.ts"
import { exceptLogs, rowsAbout } from "../support/Rows.ts"
import { post } from "../support/Wire.ts"

const tries = 10

/** As far as a request is to be gone by, in ms. */
const promptly = 100

/** Ways to stop a run, each through the replica that does not execute it. */
const ways: Readonly<Record<string, (other: Replica, run: BegunRun) => Promise<unknown>>> = {
  "by run": (other, { run_id, thread_id }) => other.client().runs.cancel(thread_id, run_id),
  "waiting for its end": (other, { run_id, thread_id }) => other.client().runs.cancel(thread_id, run_id, true),
  "rolling back": (other, { run_id, thread_id }) => other.client().runs.cancel(thread_id, run_id, false, "rollback"),
  "by deleting its thread": (other, { thread_id }) => other.client().threads.delete(thread_id),
  "in bulk": async (other, { run_id }) => {
    assert.strictEqual((await other.fetch("/runs/cancel", post({ run_ids: [run_id] }))).status, 204)
  }
}

const gone = new Set(["rolling back", "by deleting its thread"])

const hasLeftNoTrace = async ({ database }: Replicas, { run_id }: BegunRun) =>
  Object.keys(exceptLogs(await rowsAbout(database, run_id))).length === 0

interface Abortable {
  readonly aborted: boolean
}

/** What there is to abort, once the run has come to it. */
const waits: Readonly<
  Record<string, { readonly text: string; readonly find: (world: Replicas, marker: string) => Abortable | undefined }>
> = {
  "the model's request": {
    text: "slow:60000:nie fertig MARKER",
    find: (world, marker) => world.asked(marker)[0]
  },
  "the tool's call": {
    text: `tool:slow:{"ms":60000,"marker":"MARKER"}`,
    find: (world, marker) => world.legal.seen.calls.find((call) => JSON.stringify(call.arguments).includes(marker))
  }
}

const stops: Readonly<Record<string, SharedScenario>> = Object.fromEntries(
  Object.entries(waits).map(([what, { find, text }]) => [
    `a stop through the other replica aborts ${what} within ${promptly} ms, whichever way it comes`,
    async (world: Replicas, [home, other]: readonly [Replica, Replica]) => {
      const timed = async (way: string, stop: (other: Replica, run: BegunRun) => Promise<unknown>) => {
        const took: Array<number> = []
        for (let n = 0; n < tries; n++) {
          const marker = crypto.randomUUID()
          const run = await begin(home.client(), text.replace("MARKER", marker), {}, homely)
          const waiting = await world.until(`${what} is there`, () => find(world, marker))
          assert.strictEqual(world.askedBy(marker)[0], home.name)
          const asked = performance.now()
          const answered = stop(other, run)
          await world.until(`${what} is gone`, () => waiting.aborted, 15_000)
          took.push(performance.now() - asked)
          await answered
          if (gone.has(way)) {
            await world.until("it has left no trace", () => hasLeftNoTrace(world, run))
          } else assert.strictEqual((await endOf(world, run)).status, "interrupted")
        }
        const figures = took.map((ms) => Math.round(ms)).toSorted((one, other) => one - other)
        console.log(`${what}, stopped ${way}: median ${Math.round(median(took))} ms of ${figures.join(" ")}`)
        // A quarter of them: what it takes is ours, what a busy machine adds is not.
        return { quarter: figures[Math.floor(tries / 4)] ?? Infinity, half: median(took) }
      }
      for (const [way, stop] of Object.entries(ways)) {
        let { half, quarter } = await timed(way, stop)
        for (let again = 0; again < 2 && quarter >= promptly; again++) ({ half, quarter } = await timed(way, stop))
        assert.isBelow(quarter, promptly, way)
        assert.isBelow(half, 10 * promptly, way)
      }
    }
  ])
)

/** Runs that one replica executes and another is asked to stop. */
export const cancelledElsewhere: Readonly<Record<string, SharedScenario>> = {
  ...stops,

  "a run that is stopped in the very moment it completes is either; once the stop was accepted it is no success":
    async (
      world,
      [home, other]
    ) => {
      const completesAfter = 600
      // When to stop it, in ms before that: found out, as it depends on how busy the machine is.
      let ahead = 30
      const outcomes: Array<string> = []
      const attempt = async (n: number) => {
        const marker = crypto.randomUUID()
        const run = await begin(home.client(), `slow:${completesAfter}:${marker}`, {}, homely)
        await world.until("the model was asked", () => world.asked(marker).length > 0)
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, completesAfter - ahead + (n % 5) * 4)))
        const before = await rowOf(world, run.run_id)
        await other.client().runs.cancel(run.thread_id, run.run_id, true)
        const { status } = await other.client().runs.get(run.thread_id, run.run_id)
        if (before?.status === "success") assert.strictEqual(status, "success", "what is done is done")
        outcomes.push(status)
        const thread = await other.client().threads.get(run.thread_id)
        assert.strictEqual(thread.status, "idle")
        const frames = await reading(other.client(), run).ended
        assert.deepEqual(frames.filter(({ event }) => event === "error"), [])
        return run
      }
      for (let round = 0; round < 10; round++) {
        const before = outcomes.length
        await Promise.all(Array.from({ length: 5 }, (_, n) => attempt(round * 5 + n)))
        const early = outcomes.slice(before).filter((status) => status === "interrupted").length
        ahead += early === 0 ? 60 : early === 5 ? -25 : 0
      }
      const { rows } = await world.database.query(
        "select id from langgraph_server.runs where cancel_requested is not null and status <> 'interrupted'"
      )
      assert.deepEqual(rows, [], "stopped, and yet a success")
      const counted = (status: string) => outcomes.filter((outcome) => outcome === status).length
      console.log(
        `stopped in the moment of completion: ${counted("interrupted")} interrupted, ${counted("success")} success`
      )
      assert.strictEqual(counted("interrupted") + counted("success"), 50)
      assert.isAbove(counted("interrupted"), 0, "they all came too late")
      assert.isAbove(counted("success"), 0, "they all came too early")
    },

  "a run that takes longer than it may ends as a timeout, in words": async (world, [home, other]) => {
    const marker = crypto.randomUUID()
    const { thread_id } = await home.client().threads.create()
    const body = { assistant_id: agents.recht, input: question(`slow:20000:${marker}`), timeout: 2.5 }
    const begun = performance.now()
    const response = await home.fetch(`/threads/${thread_id}/runs`, post(body))
    const run_id = String(Object(await response.json()).run_id)
    const frames = await reading(other.client(), { thread_id, run_id }).ended
    assert.isAbove(performance.now() - begun, 2_400)
    assert.isBelow(performance.now() - begun, 19_000, "not by the model's end")
    const words = "The run was stopped: it took longer than 2.5 s."
    assert.deepEqual(frames.at(-1)?.event, "error")
    assert.deepEqual(frames.at(-1)?.data, { error: "RunTimeout", message: words })
    const { error, message, status } = await endOf(world, { thread_id, run_id })
    assert.deepEqual({ status, error, message }, { status: "timeout", error: "RunTimeout", message: words })
    assert.strictEqual((await other.client().runs.get(thread_id, run_id)).status, "timeout")
    assert.strictEqual((await other.client().threads.get(thread_id)).status, "error")
    // A machine that is busy may not have come to ask it.
    await world.until("the model's request is gone", () => world.asked(marker).every(({ aborted }) => aborted))
    const joined = await ask(
      { fetch: (_, path, init) => other.fetch(path, init) },
      "member",
      `GET /threads/${thread_id}/runs/${run_id}/join`
    )
    assert.include(joined.text, words)
  }
}
