import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import { editAgent, syncedIn, writtenBack } from "../support/Agents.ts"
import { startNode } from "../support/Processes.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { holdUp, inTheMiddle, nothingSynced } from "./Replicas.ts"

const start = ({ databaseUrl, secret }: Throughline, ...args: ReadonlyArray<string>) =>
  startNode(["src/app/throughline.ts", "sync", ...args], { DATABASE_URL: databaseUrl, SUPABASE_JWT_SECRET: secret })

/** `throughline sync …`, as a process of its own. */
const sync = (world: Throughline, ...args: ReadonlyArray<string>) => start(world, ...args).ended

/** In a world where nothing is synced: one goes on from where the other stopped. */
export const syncByHand = {
  "a dry run says what would be done, and does none of it": async (world) => {
    const { code, stderr, stdout } = await sync(world, "--scope", "all", "--dry-run")
    assert.strictEqual(code, 0, stderr)
    for (const id of Object.values(agents)) {
      assert.match(stdout, new RegExp(`^would create\\s+${id} `, "m"))
      assert.match(stdout, new RegExp(`^would write id\\s+${id}`, "m"))
    }
    assert.match(stdout, /^warning\s.*Allgemeiner Assistent: it has no engine/m)
    assert.match(stdout, /^Dry run summary: total=5 created=5 updated=0 skipped=0 failed=0 retired=0$/m)
    await nothingSynced(world.database)
  },

  "killed half way, it has done nothing": async (world) => {
    const { letGo } = await holdUp(world.databaseUrl)
    const process = start(world, "--scope", "all")
    await world.until("a sync half way", () => inTheMiddle(world.database))
    process.kill("SIGKILL")
    assert.isNull((await process.ended).code)
    await letGo()
    await world.until("its connection is gone", async () => (await inTheMiddle(world.database)) === undefined)
    await nothingSynced(world.database)
  },

  "it does what it said, for the scope that it is given, and once": async (world) => {
    const one = await sync(world, "--scope", `org:${organizations.immobilienSued}`)
    assert.strictEqual(one.code, 0, one.stderr)
    assert.match(one.stdout, /^Sync summary: total=1 created=1 updated=0 skipped=0 failed=0 retired=0$/m)
    assert.deepEqual((await syncedIn(world.database)).map(({ id }) => id), [agents.expose])

    const rest = await sync(world, "--scope", "all")
    assert.match(rest.stdout, /^Sync summary: total=5 created=4 updated=0 skipped=1 failed=0 retired=0$/m)
    assert.deepEqual(Object.keys(await writtenBack(world.database)), Object.values(agents))
    await editAgent(world, agents.wartung, "name = 'Wartung', status = 'active'")
    await editAgent(world, agents.dokumente, "status = 'disabled'")
    const again = await sync(world, "--scope", "all")
    assert.match(again.stdout, new RegExp(`^updated\\s+${agents.wartung}  Wartung$`, "m"))
    assert.match(again.stdout, new RegExp(`^retired\\s+${agents.dokumente}`, "m"))
    assert.match(again.stdout, /^Sync summary: total=4 created=0 updated=1 skipped=3 failed=0 retired=1$/m)
    assert.strictEqual((await world.client("member").assistants.get(agents.wartung)).version, 2)
  },

  "an agent that fails is named, the others are synced, and the exit code says so": async (world) => {
    await editAgent(world, agents.recht, "graph_id = 'unbekannt'")
    const { code, stderr, stdout } = await sync(world, "--scope", "all")
    assert.strictEqual(code, 1)
    assert.match(stdout, new RegExp(`^FAILED\\s+${agents.recht}  ⚖️ Rechts-Assistent: graph "unbekannt"`, "m"))
    assert.match(stdout, /total=4 created=0 updated=0 skipped=3 failed=1 retired=1$/m)
    assert.match(stderr, /1 agent\(s\) could not be synced/)
  },

  "what it can't do is one line that says why": async (world) => {
    const scope = await sync(world, "--scope", "alle")
    assert.strictEqual(scope.code, 1)
    assert.match(scope.stderr, /--scope must be none, all, or org:<uuid>/)

    await world.database.query("drop table public.ai_models cascade")
    const table = await sync(world, "--scope", "all")
    assert.strictEqual(table.code, 1)
    assert.match(table.stderr, /missing: table public\.ai_models$/m)
    assert.lengthOf(table.stderr.trim().split("\n"), 1)
  }
} satisfies Scenarios
