import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { PgMemberships } from "../../src/adapters/postgres/PgMemberships.ts"
import { Memberships } from "../../src/ports/Memberships.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { altered } from "../support/Parts.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { listed, say, talk } from "../support/Talk.ts"
import type { WorldOptions } from "../support/Throughline.ts"
import { isNotThere } from "./VisibleAssistants.ts"

/** The real memberships, on a clock that the scenario moves. */
export const memberships = async (part: typeof PgMemberships = PgMemberships) => {
  const clock = await Effect.runPromise(Effect.scoped(TestClock.make()))
  const swapped: WorldOptions["swapped"] = () => ({
    memberships: altered(Memberships, part, ({ principal }) => ({
      principal: (userId) => Effect.provideService(principal(userId), Clock.Clock, clock)
    }))
  })
  return { swapped, pass: (seconds: number) => Effect.runPromise(clock.adjust(`${seconds} seconds`)) }
}

export const membership = (pass: (seconds: number) => Promise<void>) =>
  ({
    "who leaves an organisation has lost its agents at once, in lists 2 s later, and keeps their own threads": async (
      world
    ) => {
      const { said, thread_id } = await talk(world, "admin", agents.recht, ["say:eins"])
      assert.lengthOf(said, 2)
      await world.database.query("delete from public.organization_members where user_id = $1", [people.admin])
      const run = { assistant_id: agents.recht, input: question("say:zwei") }
      assert.strictEqual((await ask(world, "admin", `POST /threads/${thread_id}/runs/wait`, run)).status, 404)
      assert.strictEqual((await ask(world, "admin", `GET /assistants/${agents.recht}`)).status, 404)
      await pass(2)
      await isNotThere(world, "admin", agents.recht)
      assert.strictEqual((await ask(world, "admin", `GET /threads/${thread_id}/state`)).status, 200)
      assert.lengthOf(await say(world, "admin", thread_id, "agent", ["say:drei"]), 4, "with what is everybody's")
      assert.include(await listed(world, "member"), agents.recht, "of those who stay nothing changes")
    },

    "who joins one has them at once, in lists 2 s later": async (world) => {
      await isNotThere(world, "noOrganisation", agents.expose)
      await world.database.query(
        "insert into public.organization_members (organization_id, user_id) values ($1, $2)",
        [organizations.immobilienSued, people.noOrganisation]
      )
      assert.lengthOf((await talk(world, "noOrganisation", agents.expose, ["say:eins", "say:zwei"])).said, 4)
      await pass(2)
      assert.include(await listed(world, "noOrganisation"), agents.expose)
      await isNotThere(world, "noOrganisation", agents.recht)
    }
  }) satisfies Scenarios
