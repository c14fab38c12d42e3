import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { openReplicas, type Replicas } from "../support/ReplicaServers.ts"
import { killedReplica } from "./KilledReplicas.ts"
import { lostRuns, takenOverWithin } from "./LostRuns.ts"

const entry = new URL("../support/asking-server.ts", import.meta.url).pathname

describe("a run whose replica was killed", () => {
  let world: Replicas
  let lost: Awaited<ReturnType<typeof killedReplica>>
  beforeAll(async () => {
    for (let tries = 1;; tries++) {
      world = await openReplicas({ entry })
      lost = await killedReplica(world)
      if (lost.took < takenOverWithin || tries === 3) return
      // What a machine that is busy with others adds is not ours; what is too slow by itself is so each time.
      console.warn("Taken over too late: once more")
      await world.stop()
    }
  }, 500_000)
  afterAll(() => world.stop())

  for (const name of Object.keys(lostRuns)) {
    test(name, () => lost.checks.get(name)?.() ?? assert.fail("it was not begun"))
  }
})
