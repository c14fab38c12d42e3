import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { Memberships } from "../../src/ports/Memberships.ts"
import { StaleAnswers } from "../../src/ports/StaleAnswers.ts"
import { inNowhere, inWorld, onTestClock, whileLocked } from "../support/PostgresPorts.ts"

const admin = UserId.make(people.admin)

const organizationsOf = Effect.fnUntraced(function*(userId: string) {
  const { memberships } = yield* (yield* Memberships).principal(UserId.make(userId))
  return memberships.map(({ organizationId, role }) => [String(organizationId), role])
})

describe("Memberships", () => {
  it.live("come from the database, each person's own", () =>
    inWorld(Effect.gen(function*() {
      assert.deepStrictEqual(yield* organizationsOf(people.member), [[organizations.kanzleiNord, "member"]])
      assert.deepStrictEqual(yield* organizationsOf(people.admin), [[organizations.kanzleiNord, "admin"]])
      assert.deepStrictEqual(yield* organizationsOf(people.otherOrganisation), [[
        organizations.immobilienSued,
        "member"
      ]])
      assert.deepStrictEqual(yield* organizationsOf(people.noOrganisation), [])
      assert.deepStrictEqual(yield* organizationsOf("auth0|no-uuid"), [])
    })))

  it.live("are at most 2 s old", () =>
    onTestClock(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      assert.strictEqual((yield* organizationsOf(admin)).length, 1)
      yield* sql`delete from public.organization_members`
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* organizationsOf(admin)).length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* organizationsOf(admin)).length, 0)
    })))

  it.live("are looked up once for all who ask at the same time", () =>
    inWorld(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      // A look-up that can be counted.
      yield* sql`create sequence public.lookups`
      yield* sql`alter table public.organization_members rename to members`
      yield* sql`
        create view public.organization_members as
        select organization_id, user_id, role from public.members where nextval('public.lookups') > 0`
      yield* Effect.forEach(Array.from({ length: 50 }), () => organizationsOf(admin), { concurrency: "unbounded" })
      const [row] = yield* sql`select last_value::int as lookups from public.lookups`
      assert.isAtMost(Number(row?.["lookups"]), 3)
    })))

  it.live("of a failure nothing is remembered", () =>
    inWorld(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      // 57P03 is what a server says that is starting.
      yield* sql`alter table public.organization_members rename to members`
      yield* sql.unsafe(`
        create function public.away() returns boolean language plpgsql as $$
        begin raise exception 'starting up' using errcode = '57P03'; end $$`)
      yield* sql`
        create view public.organization_members as
        select organization_id, user_id, role from public.members where public.away()`
      assert.strictEqual((yield* Effect.flip(organizationsOf(admin)))._tag, "StorageUnavailable")
      yield* sql`drop view public.organization_members`
      yield* sql`alter table public.members rename to organization_members`
      assert.strictEqual((yield* organizationsOf(admin)).length, 1)
    })))

  it.live("outlive the first who asked for them going away", () =>
    inWorld(Effect.gen(function*() {
      const memberships = yield* Memberships
      yield* Effect.raceFirst(memberships.principal(admin), Effect.void)
      assert.strictEqual((yield* memberships.principal(admin)).memberships.length, 1)
    })))

  it.live("are what they were where the table can't be read, for as long as that may serve, and that is noted", () =>
    onTestClock(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const noted: Array<number> = []
      const note = (since: Date) => Effect.sync(() => void noted.push(since.getTime()))
      const known = organizationsOf(admin).pipe(Effect.provideService(StaleAnswers, { note }))
      assert.strictEqual((yield* known).length, 1)
      yield* sql`alter table public.organization_members rename to members`
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* known).length, 1)
      assert.deepStrictEqual(yield* organizationsOf(people.member), [], "nobody knows of them")
      assert.deepStrictEqual(noted, [0], "when they were read")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* known, [])
      yield* sql`alter table public.members rename to organization_members`
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* known).length, 1)
      assert.strictEqual(noted.length, 1)
    })))

  it.live("keep nobody waiting who locked their table", () =>
    inWorld(Effect.gen(function*() {
      assert.strictEqual((yield* organizationsOf(people.member)).length, 1)
      yield* whileLocked(
        "public.organization_members",
        Effect.gen(function*() {
          const error = yield* Effect.flip(organizationsOf(admin))
          assert.match(error.message, /somebody has locked them.*not known/)
          // Once in a while somebody waits for a second, to see whether it is so still.
          const others = yield* Effect.replicateEffect(Effect.timed(Effect.flip(organizationsOf(admin))), 10)
          const fastest = Math.min(...others.map(([took]) => Duration.toMillis(took)))
          assert.isBelow(fastest, 800, "nobody else waits")
        })
      )
      yield* Effect.sleep("2100 millis")
      assert.strictEqual((yield* organizationsOf(admin)).length, 1)
    })))

  it.live("are nobody's where the consumer's table is missing", () =>
    inNowhere(Effect.gen(function*() {
      assert.deepStrictEqual(yield* organizationsOf(admin), [])
    })))
})
