import { assert } from "vitest"
import type { Scenario, Scenarios } from "./Scenarios.ts"
import { startThroughline, type WorldOptions } from "./Throughline.ts"

/** A part that is broken on purpose, and who has to notice. */
export interface Fault {
  readonly swapped: NonNullable<WorldOptions["swapped"]>
  /** Starts a server with these options and fails if it is not as it must be. */
  readonly caughtBy: (options: WorldOptions) => Promise<void>
  readonly world?: Omit<WorldOptions, "swapped">
  /** What is noticed: a fault that fails for another reason has proven nothing. */
  readonly noticed: RegExp
}

/** Faults by what is wrong. */
export type Faults = Readonly<Record<string, Fault>>

/** A scenario in a world of its own. */
export const playing = (scenario: Scenario): Fault["caughtBy"] => async (options) => {
  const world = await startThroughline(options)
  try {
    await scenario(world)
  } finally {
    await world.stop()
  }
}

/** One of several, by its name. */
export const named = (scenarios: Scenarios, name: string): Fault["caughtBy"] =>
  playing(scenarios[name] ?? assert.fail(`there is no scenario ${name}`))

/** Whether it can fail: with the fault it must, and without it not. */
export const isCaught = async ({ caughtBy, noticed, swapped, world }: Fault): Promise<void> => {
  const failure = await caughtBy({ ...world, swapped }).then(
    () => "nobody noticed",
    (error: unknown) => error instanceof Error ? error.message : String(error)
  )
  assert.isTrue(noticed.test(failure), failure)
}
