import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { openReplicas, type Replicas } from "../support/ReplicaServers.ts"
import { killedReplica } from "./KilledReplicas.ts"
import { lostRuns } from "./LostRuns.ts"

const entry = new URL("../support/asking-server.ts", import.meta.url).pathname

describe("a run whose replica was killed", () => {
  let world: Replicas
  let lost: Awaited<ReturnType<typeof killedReplica>>
  beforeAll(async () => {
    world = await openReplicas({ entry })
    lost = await killedReplica(world)
  }, 120_000)
  afterAll(() => world.stop())

  for (const name of Object.keys(lostRuns)) test(name, () => lost.get(name)?.() ?? assert.fail("it was not begun"))
})
