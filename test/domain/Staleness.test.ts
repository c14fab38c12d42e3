import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import fc from "fast-check"
import { AgentsUnreadable, latestOf, markedStale, oldestOf, servedUnread } from "../../src/domain/Staleness.ts"

const moment = fc.integer({ min: 0, max: 4_000_000_000_000 }).map((millis) => new Date(millis))
const seconds = fc.integer({ min: 0, max: 100_000 })
const later = (at: Date, millis: number) => new Date(at.getTime() + millis)

describe("what is served without a look at the agents' tables", () => {
  it("is what was seen within the allowed time, and nothing that never was", () => {
    assert.strictEqual(servedUnread(Option.none(), new Date(), 3600)._tag, "Refused")
    fc.assert(fc.property(moment, fc.integer({ min: 0, max: 200_000_000 }), seconds, (seen, age, allowed) => {
      const served = servedUnread(Option.some(seen), later(seen, age), allowed)
      assert.strictEqual(served._tag, age <= allowed * 1000 ? "Stale" : "Refused")
      assert.deepStrictEqual(served.since, seen)
    }))
  })

  it("never says a time later than now, nor than it was seen", () => {
    fc.assert(fc.property(moment, moment, seconds, (seen, now, allowed) => {
      const { since } = servedUnread(Option.some(seen), now, allowed)
      if (since === null) return assert.fail("it is known")
      assert.isTrue(since <= now && since <= seen)
      assert.isTrue(since.getTime() === Math.min(now.getTime(), seen.getTime()))
    }))
  })

  it("once refused, stays refused until it is seen again; seen later, it serves longer", () => {
    fc.assert(fc.property(moment, moment, fc.nat(), seconds, (seen, now, more, allowed) => {
      const serves = (seen: Date, now: Date) => servedUnread(Option.some(seen), now, allowed)._tag === "Stale"
      if (!serves(seen, now)) assert.isFalse(serves(seen, later(now, more)))
      if (serves(seen, now)) assert.isTrue(serves(later(seen, more), now))
    }))
  })

  it("was last seen when it was seen last, and is as old as its oldest part", () => {
    fc.assert(fc.property(fc.array(fc.option(moment)), (sightings) => {
      const known = sightings.filter((at) => at !== null)
      const last = Option.getOrUndefined(latestOf(sightings))
      assert.strictEqual(last === undefined, known.length === 0)
      if (last !== undefined) {
        assert.isTrue(known.every((at) => at <= last))
        assert.include(known.map((at) => at.getTime()), last.getTime())
      }
      const oldest = known.reduce<Date | null>(oldestOf, null)
      if (oldest !== null) assert.isTrue(known.every((at) => oldest <= at))
    }))
  })

  it("says so in its metadata, whatever the caller says there", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.option(moment), fc.boolean(), (said, since, forged) => {
        const marked = markedStale(forged ? { ...said, stale_since: "forged" } : said, since)
        assert.strictEqual(marked["stale_since"], since?.toISOString())
        const { stale_since: _, ...rest } = marked
        const { stale_since: __, ...kept } = said
        assert.deepStrictEqual(rest, kept)
      })
    )
  })

  it("is refused in words that say why, and of when it is", () => {
    const why = "The agents' tables can't be read; missing: table public.agents"
    const words = (tooOld: AgentsUnreadable["tooOld"]) => new AgentsUnreadable({ why, tooOld }).message
    assert.strictEqual(
      words({ since: new Date(0), allowedSeconds: 60 }),
      `${why}. What is known of them is of 1970-01-01T00:00:00.000Z; it serves for 60 s (AGENT_STALE_SECONDS).`
        + " Everything goes on when they can be read again."
    )
    assert.include(words({ since: null, allowedSeconds: 60 }), `${why}, and when they last could is not known. `)
    assert.strictEqual(words(null), `${why}. Everything goes on when they can be read again.`)
  })
})
