import { isDeepStrictEqual } from "node:util"
import { bad, faint, good, strong } from "../support/Terminal.ts"

const brief = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "nothing"
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}

/** Tells the story and remembers where it went another way. */
export const makeTeller = () => {
  const deviations: Array<string> = []
  let chapter = ""
  let checks = 0

  const judge = (what: string, holds: boolean, got: unknown, expected: unknown) => {
    checks += 1
    if (holds) return console.log(`  ${good("✓")} ${what}: ${brief(got)}`)
    deviations.push(`${chapter}: ${what}: expected ${brief(expected)}, got ${brief(got)}`)
    console.log(`  ${bad("✗")} ${what}\n      expected ${brief(expected)}\n      got      ${brief(got)}`)
  }

  return {
    deviations,
    count: () => checks,
    chapter: (title: string, then: string) => {
      chapter = title
      console.log(`\n${strong(title)}\n  ${faint(`then: ${then}`)}`)
    },
    /** Evidence that proves nothing by itself. */
    shows: (what: string, value: unknown) => console.log(`    ${what}: ${brief(value)}`),
    is: (what: string, got: unknown, expected: unknown) => judge(what, isDeepStrictEqual(got, expected), got, expected),
    /** Each of the words stands in the text, or is an item of the list. */
    has: (what: string, got: string | ReadonlyArray<unknown>, ...wanted: ReadonlyArray<string>) => {
      const missing = wanted.filter((word) => !got.includes(word))
      const seen = typeof got === "string" ? got : wanted
      judge(what, missing.length === 0, missing.length === 0 ? seen : got, `with ${missing.join(", ")}`)
    },
    hasNot: (what: string, got: ReadonlyArray<unknown>, unwanted: string) =>
      judge(what, !got.includes(unwanted), got.includes(unwanted) ? got : `${got.length} without it`, `no ${unwanted}`)
  }
}

export type Teller = ReturnType<typeof makeTeller>
