import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { migrations } from "../../src/adapters/postgres/migrations/all.ts"
import { ourTables } from "../support/Rows.ts"
import { talk } from "../support/Talk.ts"
import { openSurroundings, startThroughline, type WorldOptions } from "../support/Throughline.ts"

/** A server that has just been started on a database without a table of ours (field failure 30): no waiting for anything. */
export const worksAtOnce = async (options: WorldOptions = {}): Promise<void> => {
  const world = await startThroughline({ ...options, awaitSync: false })
  try {
    // While there are no tables it is 503, which the SDK tries again.
    assert.lengthOf((await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])).said, 4)
    assert.lengthOf((await talk(world, "otherOrganisation", agents.expose, ["say:eins"])).said, 2)
    const tables = await ourTables(world.database)
    assert.includeMembers([...tables], [
      "assistants",
      "checkpoint_blobs",
      "checkpoint_writes",
      "checkpoints",
      "runs",
      "threads"
    ])
  } finally {
    await world.stop()
  }
}

/** Several servers that come to one such database at the same moment. */
export const severalAtOnce = async (): Promise<void> => {
  const around = await openSurroundings()
  const worlds = await Promise.all(Array.from({ length: 4 }, () => startThroughline({ beside: around })))
  try {
    const { rows } = await around.database.query<{ name: string }>(
      "select name from langgraph_server.migrations order by migration_id"
    )
    assert.deepEqual(rows.map(({ name }) => name), Object.keys(migrations).map((key) => key.replace(/^\d+_/, "")))
    for (const world of worlds) {
      assert.deepEqual(world.logs.filter((line) => /Database not ready|"level":"(ERROR|Error)"/.test(line)), [])
      assert.strictEqual((await world.fetch(undefined, "/ready")).status, 200)
      assert.lengthOf((await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])).said, 4)
    }
    const migrated = worlds.filter(({ logs }) => logs.some((line) => line.includes("Database migrated:")))
    assert.lengthOf(migrated, 1)
  } finally {
    await Promise.all(worlds.map(({ stop }) => stop()))
    await around.stop()
  }
}
