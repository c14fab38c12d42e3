import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { listed, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"
import { isNotThere } from "./VisibleAssistants.ts"

/** A copy of the Rechts-Assistent that is not the whole organisation's. */
const insert = async ({ database }: Throughline, creator: string | null) => {
  const { rows } = await database.query<{ id: string }>(
    `insert into public.agents (organization_id, name, system_prompt, engine_id, is_global, created_by_user_id)
     select organization_id, 'Notizen', 'Du führst Notizen.', engine_id, false, $2 from public.agents where id = $1
     returning id`,
    [agents.recht, creator]
  )
  return rows[0]?.id ?? ""
}

/** The second generation's: agents of one person, and templates of nobody. */
export const personalAgents = {
  "a member's own agent is that member's alone": async (world) => {
    const id = await insert(world, people.member)
    for (const person of ["admin", "otherOrganisation", "noOrganisation"] as const) await isNotThere(world, person, id)
    const { said } = await talk(world, "member", id, ["say:eins", "say:zwei"])
    assert.lengthOf(said, 4)
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du führst Notizen.")
    assert.include(await listed(world, "member"), id)
    for (const person of ["admin", "otherOrganisation", "noOrganisation"] as const) await isNotThere(world, person, id)
  },

  "given to the organisation it is everybody's there, and taken back it is not": async (world) => {
    const id = await insert(world, people.member)
    const give = (all: boolean) =>
      world.database.query("update public.agents set is_global = $2 where id = $1", [id, all])
    await isNotThere(world, "admin", id)
    await give(true)
    assert.lengthOf((await talk(world, "admin", id, ["say:eins", "say:zwei"])).said, 4)
    await give(false)
    await isNotThere(world, "admin", id)
    assert.strictEqual((await world.client("member").assistants.get(id)).assistant_id, id)
  },

  "the agent of somebody who is not of the organisation is nobody's": async (world) => {
    const id = await insert(world, people.otherOrganisation)
    for (const person of ["member", "otherOrganisation"] as const) await isNotThere(world, person, id)
  },

  "a template is nobody's": async (world) => {
    const id = await insert(world, null)
    for (const person of ["member", "admin", "otherOrganisation"] as const) await isNotThere(world, person, id)
    const { rows } = await world.database.query(
      "select id from langgraph_server.assistants where organization_id = $1 and id = $2",
      [organizations.kanzleiNord, id]
    )
    assert.lengthOf(rows, 0)
  }
} satisfies Scenarios
