import { Effect } from "effect"
import { assert, test } from "vitest"
import { underChaos } from "../../scripts/chaos/Chaos.ts"

/** Half a minute of what `npm run chaos` does for as long as one likes. */
test(
  "servers are killed, frozen and cut off, Postgres crashes: each run ends once, its stream has no gap",
  async () => {
    const said: Array<string> = []
    const report = await Effect.runPromise(Effect.scoped(underChaos({
      seed: 1,
      seconds: 30,
      threads: 40,
      servers: 3,
      databaseUrl: undefined,
      every: { kill: 3 },
      at: { freeze: [2], stop: [6], deafen: [9], cut: [13], restart: [17], crash: [23] },
      thinkSeconds: 1,
      fault: undefined,
      entry: undefined,
      say: (line) => said.push(line)
    })))
    assert.deepEqual(report.violations, [], said.join("\n"))
    assert.isAbove(report.figures.kill, 1, "there was no chaos")
    assert.isAbove(report.figures.takeovers, 0, "nobody was taken over")
    assert.isAbove(report.figures.runs, 20, "there was nothing to disturb")
  },
  600_000
)
