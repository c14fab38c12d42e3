import { describe, test } from "vitest"
import { otherTenantsGoOn, stopsMeanwhile, unfinishedRunsGoOn } from "./StuckSyncs.ts"

describe("a sync that takes its time, and a server that stops", () => {
  test("look-ups that wait leave the connections to others", otherTenantsGoOn)
  test("a stop waits for nobody's sync", stopsMeanwhile)
  test("runs that have not ended when it stops are the next one's", unfinishedRunsGoOn)
})
