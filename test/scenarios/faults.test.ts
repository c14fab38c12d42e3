import { afterAll, describe, test } from "vitest"
import { type Faults, isCaught } from "../support/Faults.ts"
import { canaries, faultyRuns, leakingRuns } from "./FaultyRuns.ts"
import { faultyStores } from "./FaultyStores.ts"
import { faultySyncs } from "./FaultySyncs.ts"

/** The same scenarios pass on the real parts, in the tests that bear their names. */
const caught = (title: string, faults: Faults) =>
  describe(title, () => {
    for (const [name, fault] of Object.entries(faults)) test(name, () => isCaught(fault))
  })

const { caughtBy, close, world } = await canaries()
afterAll(close)

caught("who sees what", faultyStores)
caught("how agents become assistants", faultySyncs)
caught("what a run runs with, and tells", faultyRuns)
caught(
  "where credentials are",
  Object.fromEntries(Object.entries(leakingRuns).map(([name, fault]) => [name, { ...fault, caughtBy, world }]))
)
