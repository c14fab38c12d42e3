import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent, summaryOf, syncedIn, writtenBack } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { talk } from "../support/Talk.ts"
import { isNotThere } from "./VisibleAssistants.ts"

/** With AGENT_SYNC_SCOPE=none: who is looked for among the agents is found. */
export const lookThrough = {
  "nothing is synced before somebody who may see it asks for it": async (world) => {
    assert.strictEqual(summaryOf(world), "total=0 created=0 updated=0 skipped=0 failed=0 retired=0")
    for (const person of ["otherOrganisation", "noOrganisation"] as const) await isNotThere(world, person, agents.recht)
    assert.deepEqual(await syncedIn(world.database), [], "nobody syncs on behalf of a stranger")
    assert.isNull((await writtenBack(world.database))[agents.recht])

    assert.strictEqual((await world.client("member").assistants.get(agents.recht)).name, "⚖️ Rechts-Assistent")
    assert.deepEqual((await syncedIn(world.database)).map(({ id }) => id), [agents.recht])
    assert.strictEqual((await writtenBack(world.database))[agents.recht], agents.recht)
    await isNotThere(world, "otherOrganisation", agents.recht)
  },

  "a run finds it as well, in whichever letters": async (world) => {
    const run = { assistant_id: agents.dokumente.toUpperCase(), input: question("say:eins") }
    assert.strictEqual((await ask(world, "otherOrganisation", "POST /runs/wait", run)).status, 404)
    const { said } = await talk(world, "member", agents.dokumente.toUpperCase(), ["say:eins", "say:zwei"])
    assert.lengthOf(said, 4)
    assert.include((await syncedIn(world.database)).map(({ id }) => id), agents.dokumente)
  },

  "an agent that was made a moment ago is there, and follows its row": async (world) => {
    const id = await copyOfRecht(world)
    assert.strictEqual((await world.client("admin").assistants.get(id)).version, 1)
    await editAgent(world, id, "name = 'Umbenannt'")
    const followed = await world.client("member").assistants.get(id)
    assert.strictEqual(followed.name, "Umbenannt")
    assert.strictEqual(followed.version, 2)
    const versions = await world.client("member").assistants.getVersions(id)
    assert.deepEqual(versions.map(({ name, version }) => [version, name]), [
      [2, "Umbenannt"],
      [1, "⚖️ Rechts-Assistent"]
    ])
    await isNotThere(world, "otherOrganisation", id)
  },

  "a draft is not there, and nobody can take its place meanwhile": async (world) => {
    const id = await copyOfRecht(world)
    await editAgent(world, id, "status = 'draft'")
    await isNotThere(world, "member", id, /not found: its agent ".*" is not active \(status "draft"\)$/)
    await isNotThere(world, "otherOrganisation", id)
    for (const person of ["member", "otherOrganisation"] as const) {
      const squat = await ask(world, person, "POST /assistants", { assistant_id: id, graph_id: "agent" })
      assert.strictEqual(squat.status, 409)
    }
    await editAgent(world, id, "status = 'active'")
    assert.lengthOf((await talk(world, "member", id, ["say:eins", "say:zwei"])).said, 4)
  }
} satisfies Scenarios

const kanzlei = organizations.kanzleiNord

/** However it is written, it means the agents of Kanzlei Nord. */
export const oneOrganisation = ` ORG:${kanzlei.toUpperCase()}, org:${kanzlei},`.replace(/,$/, "")

/** With AGENT_SYNC_SCOPE naming one organisation. */
export const organisationScope = {
  "only its agents are synced at the start, the others' when they are asked for": async (world) => {
    assert.strictEqual(summaryOf(world), "total=4 created=4 updated=0 skipped=0 failed=0 retired=0")
    const synced = (await syncedIn(world.database)).map(({ id }) => id)
    assert.deepEqual(synced, [agents.dokumente, agents.recht, agents.wartung, agents.allgemein])
    assert.isNull((await writtenBack(world.database))[agents.expose])
    assert.lengthOf((await talk(world, "otherOrganisation", agents.expose, ["say:eins", "say:zwei"])).said, 4)
    await isNotThere(world, "member", agents.expose)
    await isNotThere(world, "otherOrganisation", agents.recht)
  }
} satisfies Scenarios
