import { assert } from "vitest"
import { said } from "../support/Conversation.ts"
import { assertGapless, assertOnceEach, attemptsIn, begin, endOf, reading } from "../support/ReplicaRuns.ts"
import { heartbeatSeconds, type Replica, type Replicas, type ReplicaScenarios } from "../support/ReplicaServers.ts"

/** Long enough to be under way whenever a server dies. */
const innocentMs = 5_000

/** Kills whatever server asks the model about it, and starts another in its place, until nobody asks any more. */
const poison = (world: Replicas, replicas: ReadonlyArray<Replica>, marker: string) => {
  const alive = new Map(replicas.map((replica) => [replica.name, replica]))
  const deaths: Array<string> = []
  const over = new AbortController()
  const watch = async () => {
    while (!over.signal.aborted) {
      const name = world.askedBy(marker)[deaths.length]
      if (name === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
      else {
        deaths.push(name)
        await alive.get(name)?.kill()
        const next = await world.start()
        alive.set(next.name, next)
      }
    }
    return alive
  }
  const watching = watch()
  return {
    deaths,
    stop: () => {
      over.abort()
      return watching
    }
  }
}

/** A run that ends the process which executes it, and others beside it. */
export const poisonousRuns: ReplicaScenarios = {
  "a run that kills its server is given up after three, in words; no other run is lost with it": async (world) => {
    const both = await world.startTwo()
    const marker = crypto.randomUUID()
    const { deaths, stop } = poison(world, both, `Gift ${marker}`)
    try {
      const innocents = await Promise.all(
        Array.from(
          { length: 8 },
          (_, n) => begin(both[n % 2 === 0 ? 0 : 1].client(), `slow:${innocentMs}:brav ${n} ${marker}`)
        )
      )
      await world.until("all innocent runs are under way", () => world.asked(`brav`).length >= innocents.length)
      const poisonous = await begin(both[1].client(), `slow:20000:Gift ${marker}`)
      const end = await endOf(world, poisonous, 30 * heartbeatSeconds * 1000)
      assert.deepEqual(end, {
        status: "error",
        attempt: 4,
        lost: 3,
        error: "RunAbandoned",
        message: "The process that executed the run was lost 3 time(s); it is not tried again."
      })
      assert.lengthOf(deaths, 3)
      const ends = await Promise.all(innocents.map((run) => endOf(world, run)))
      const survivor = [...(await stop()).values()].at(-1) ?? assert.fail("nobody is left")
      assert.deepEqual(ends.map(({ error, status }) => [status, error]), innocents.map(() => ["success", null]))
      assert.isAbove(ends.filter(({ lost }) => lost > 0).length, 0, "nobody was disturbed")
      console.log(`losses of innocent runs: ${ends.map(({ lost }) => lost).join(" ")}`)

      const frames = await reading(survivor.client(), poisonous).ended
      assertGapless(frames)
      // One that is killed at once may not have got to write that it began.
      const attempts = attemptsIn(frames)
      assert.deepEqual(attempts, [1, 2, 3, 4].filter((attempt) => attempts.includes(attempt)))
      assert.strictEqual(attempts.at(-1), 4)
      assert.deepEqual(frames.at(-1)?.event, "error")
      assert.include(JSON.stringify(frames.at(-1)?.data), "RunAbandoned")
      assert.strictEqual((await survivor.client().threads.get(poisonous.thread_id)).status, "error")
      for (const [n, { thread_id }] of innocents.entries()) {
        const { values } = await survivor.client().threads.getState(thread_id)
        assert.strictEqual(said(values).at(-1), `ai: brav ${n} ${marker}`)
        assertOnceEach(values)
      }
    } finally {
      await stop()
    }
  }
}
