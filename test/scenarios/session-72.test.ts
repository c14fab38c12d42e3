import { afterAll, beforeAll, describe, test } from "vitest"
import { startThroughline, type Throughline } from "../support/Throughline.ts"
import { session72 } from "./Session72.ts"

describe.each(["v1", "v2"] as const)("Session 72 on the %s tables", (generation) => {
  let world: Throughline
  beforeAll(async () => {
    world = await startThroughline({ generation })
  })
  afterAll(() => world.stop())

  test("what the row says is what the graph runs with, for exactly its organisation", () => session72(world))
})
