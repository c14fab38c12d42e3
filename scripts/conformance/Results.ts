import { bad, faint, good, strong, table } from "../support/Terminal.ts"
import type { Result } from "./Play.ts"

const failed = ({ outcome }: Result) => outcome === "failed"

const sdkName = { "1": "1.15.0", "2": "2.0.0" } as const

const count = (results: ReadonlyArray<Result>, outcome: Result["outcome"]) =>
  results.filter((result) => result.outcome === outcome).length

/** How many of each group held, and what did not. */
export const print = (title: string, results: ReadonlyArray<Result>): void => {
  const groups = [...new Set(results.map(({ group }) => group))]
  const rows = groups.map((group) => {
    const of = results.filter((result) => result.group === group)
    return { group, passed: count(of, "passed"), failed: count(of, "failed"), skipped: count(of, "skipped") }
  })
  console.log(`\n${strong(title)}\n\n${table(rows)}\n`)
  for (const { group, name, outcome, sdk, why } of results) {
    if (outcome === "passed") continue
    const mark = outcome === "failed" ? bad("FAIL") : faint("skip")
    console.log(`${mark} ${group} · ${name} ${faint(`(SDK ${sdkName[sdk]})`)}\n     ${why}`)
  }
  const failures = results.filter(failed).length
  console.log(failures === 0 ? good(`\n${results.length} rows, none failed.`) : bad(`\n${failures} failed.`))
}
