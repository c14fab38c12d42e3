import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe } from "vitest"
import { executable, launch } from "./Chromium.ts"
import { type ConsoleWorld, openConsoleWorld } from "./ConsoleWorld.ts"
import { type Seen, visit, type VisitOptions } from "./Visitor.ts"

/** What tests of the console have between them. */
export interface OnConsole {
  /** There from the first test on, and in what its tests do before all. */
  readonly world: ConsoleWorld
  /** Somebody new, with a browser of their own. */
  readonly open: (options?: VisitOptions) => ReturnType<typeof visit>
  /** What all of them asked for, and what their browsers refused. */
  readonly seen: Seen
}

/** Tests before the console, in a world of their own. */
export const onConsole = (name: string, timeout: number, tests: (site: OnConsole) => void): void => {
  const chromium = executable()
  if (chromium === undefined) {
    console.log(`NOT RUN: ${name}: it needs a Chromium, and none is here; test/browser/chromium.sh install gets one`)
  }
  describe.runIf(chromium)(name, { timeout }, () => {
    let world: ConsoleWorld
    let browser: Browser
    const seen: Seen = { requests: [], refusals: [] }

    beforeAll(async () => {
      world = await openConsoleWorld()
      browser = await launch(chromium ?? "")
    })
    afterAll(async () => {
      await browser.close()
      await world.stop()
    })

    tests({
      get world() {
        return world
      },
      open: (options = {}) => visit(browser, world, options, seen),
      seen
    })
  })
}
