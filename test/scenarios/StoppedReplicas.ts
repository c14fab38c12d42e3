import { setTimeout as sleep } from "node:timers/promises"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import {
  assertGapless,
  assertOnceEach,
  attemptsIn,
  begin,
  endOf,
  framesOf,
  reading,
  rowOf
} from "../support/ReplicaRuns.ts"
import { calm, homely, type Replica, type Replicas, type ReplicaScenarios } from "../support/ReplicaServers.ts"

/**
 * What a load balancer does: sends each request to the first that takes it. One that was refused the connection has seen
 * nothing of the request.
 */
const balancing = (upstreams: () => ReadonlyArray<Pick<Replica, "url">>): typeof fetch => async (input, init) => {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input)
  for (;;) {
    for (const { url } of upstreams()) {
      try {
        return await fetch(`${url}${pathname}${search}`, init)
      } catch (error) {
        if (!JSON.stringify(Object(error).cause ?? {}).includes("ECONNREFUSED")) throw error
      }
    }
    await sleep(50)
  }
}

/** The stock SDK before servers that come and go. */
const balanced = (world: Replicas, upstreams: () => ReadonlyArray<Pick<Replica, "url">>) =>
  world.clientOf("http://throughline.invalid", "member", balancing(upstreams))

const threads = 20
const runsEach = 3

/** Servers that are stopped as operators stop them. */
export const stoppedReplicas: ReplicaScenarios = {
  "a stop lets short runs end and hands long ones over; their readers see one stream without a gap": async (world) => {
    const [leaving, staying] = await world.startTwo({ ...calm, SHUTDOWN_TIMEOUT_SECONDS: "6" })
    const short = crypto.randomUUID(), long = crypto.randomUUID()
    const client = balanced(world, () => [leaving, staying])
    const shortRun = await begin(leaving.client(), `slow:1500:kurz ${short}`, {}, homely)
    const longRun = await begin(
      leaving.client(),
      `steps:tool:search_laws:{"query":"${long}"} | slow:16000:eins zwei drei vier fünf sechs sieben ${long}`,
      {},
      homely
    )
    const streams = [reading(client, shortRun), reading(client, longRun)]
    await world.until("the model talks", () => world.asked(short).length === 1 && world.asked(long).length === 2)
    await world.until("both are read", () => streams.every(({ frames }) => frames.length > 2))
    const asked = performance.now()
    leaving.signal("SIGTERM")
    const [shortFrames = [], longFrames = []] = await Promise.all(streams.map(({ ended }) => ended))
    const { code } = await leaving.ended
    assert.strictEqual(code, 0, leaving.output.stderr)

    assert.deepEqual(await endOf(world, shortRun), {
      status: "success",
      attempt: 1,
      lost: 0,
      error: null,
      message: null
    })
    assert.deepEqual(await endOf(world, longRun), {
      status: "success",
      attempt: 2,
      lost: 0,
      error: null,
      message: null
    })
    console.log(`a run handed over at a stop had ended ${Math.round(performance.now() - asked)} ms after SIGTERM`)
    assertGapless(shortFrames)
    assertGapless(longFrames)
    assert.deepEqual(attemptsIn(shortFrames), [1])
    assert.deepEqual(attemptsIn(longFrames), [1, 2])
    assert.include(String(said(longFrames.at(-1)?.data).at(-1)), `sieben ${long}`)
    assert.deepEqual(await reading(staying.client(), longRun).ended, longFrames)
    assertOnceEach((await staying.client().threads.getState(longRun.thread_id)).values)
    assert.lengthOf(world.legal.seen.calls.filter((call) => JSON.stringify(call.arguments).includes(long)), 1)
    assert.deepEqual(world.askedBy(long), [leaving.name, leaving.name, staying.name])
  },

  "a rolling restart under load loses nothing and doubles nothing": async (world) => {
    let upstreams = await world.startTwo(calm)
    const client = balanced(world, () => Math.random() < 0.5 ? upstreams : upstreams.toReversed())
    const talk = async (n: number) => {
      const { thread_id } = await client.threads.create()
      const attempts: Array<number> = []
      for (let turn = 0; turn < runsEach; turn++) {
        const frames = await framesOf(client.runs.stream(thread_id, agents.recht, {
          input: question(`slow:${1500 + 100 * n}:Antwort ${turn} an ${n}`),
          streamMode: ["values", "messages-tuple"]
        }))
        assertGapless(frames)
        const last = frames.findLast(({ event }) => event === "values")
        assert.strictEqual(said(last?.data).at(-1), `ai: Antwort ${turn} an ${n}`, JSON.stringify(frames.at(-1)))
        attempts.push(attemptsIn(frames).length)
      }
      return { thread_id, attempts }
    }
    const talking = Promise.all(Array.from({ length: threads }, (_, n) => talk(n)))
    talking.catch(() => {})
    await world.until("all talk", () => world.asked("Antwort 0").length >= threads)
    const restart = async (old: Replica, other: Replica) => {
      const { code } = await old.stop()
      assert.strictEqual(code, 0)
      const next = await world.start(calm)
      upstreams = [next, other]
      return next
    }
    const [first, second] = upstreams
    const third = await restart(first, second)
    await restart(second, third)
    const talked = await talking
    for (const { thread_id } of talked) {
      const { values } = await client.threads.getState(thread_id)
      assert.lengthOf(said(values), 2 * runsEach)
      assertOnceEach(values)
      const runs = await client.runs.list(thread_id)
      assert.deepEqual(runs.map(({ status }) => status), Array.from({ length: runsEach }, () => "success"))
      for (const { run_id } of runs) {
        assert.strictEqual((await rowOf(world, run_id))?.lost, 0, `run ${run_id} counts as lost`)
      }
    }
    const attempts = talked.flatMap(({ attempts }) => attempts)
    console.log(
      `rolling restart: ${attempts.length} runs, ${attempts.filter((count) => count > 1).length} of them handed over`
    )
  }
}
