import { afterAll, beforeAll, describe, test } from "vitest"
import { startThroughline, type Throughline, type WorldOptions } from "./Throughline.ts"

/** Something that users do, and what must come of it: fails by throwing, whatever the server is made of. */
export type Scenario = (world: Throughline) => Promise<void>

/** Scenarios by what must hold. */
export type Scenarios = Readonly<Record<string, Scenario>>

/** Plays scenarios one after the other in one world, as a real server has many users in one. */
export const play = (title: string, scenarios: Scenarios, options: WorldOptions = {}) =>
  describe(title, () => {
    let world: Throughline
    beforeAll(async () => {
      world = await startThroughline(options)
    })
    afterAll(() => world.stop())
    for (const [name, scenario] of Object.entries(scenarios)) test(name, () => scenario(world))
  })
