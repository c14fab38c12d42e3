import { describe, test } from "vitest"
import { otherTenantsGoOn, queuedRunsEnd, stopsMeanwhile } from "./StuckSyncs.ts"

describe("a sync that takes its time, and a server that stops", () => {
  test("look-ups that wait leave the connections to others", otherTenantsGoOn)
  test("a stop waits for nobody's sync", stopsMeanwhile)
  test("runs that wait for their turn end with the server", queuedRunsEnd)
})
