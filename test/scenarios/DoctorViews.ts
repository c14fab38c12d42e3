import { Schema } from "effect"
import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { ChainsView } from "../../src/adapters/http/DoctorApi.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { doctorsEnvironment, examine } from "../support/Doctor.ts"
import { startNode } from "../support/Processes.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Person, Throughline } from "../support/Throughline.ts"

type Found = typeof ChainsView.Type

const foundIn = Schema.decodeUnknownSync(ChainsView)

const doctor = async (world: Throughline, person: Person, body: object = {}): Promise<Found> => {
  const response = await world.fetch(person, "/doctor", { method: "POST", body: JSON.stringify(body) })
  assert.strictEqual(response.status, 200)
  return foundIn(await response.json())
}

const idsIn = ({ chains }: Found) => chains.map(({ agent_id }) => agent_id)

const stateOf = ({ chains }: Found, link: string) => chains[0]?.links.find((item) => item.link === link)?.state

/** `throughline doctor …`, as a process of its own. */
const command = (world: Throughline, ...args: ReadonlyArray<string>) =>
  startNode(["src/app/throughline.ts", "doctor", ...args], doctorsEnvironment(world)).ended

/** In a world of the second generation, where nothing syncs by itself: one goes on from where the other stopped. */
export const doctorViews = {
  "over HTTP everybody finds the agents that they may use, by name, and of nobody else's even the number": async (
    world
  ) => {
    await examine(world, { fix: true, dryRun: false })
    const member = await doctor(world, "member")
    assert.deepEqual(member.chains.map(({ name }) => name), [
      "⚖️ Rechts-Assistent",
      "Allgemeiner Assistent",
      "Dokumenten-Assistent",
      "Wartungsbericht-Analyst"
    ])
    assert.strictEqual(member.total, 4)
    assert.deepEqual(idsIn(await doctor(world, "otherOrganisation")), [agents.expose])
    assert.deepEqual(await doctor(world, "noOrganisation"), { total: 0, chains: [] })
    const asked = [
      { agent_ids: [agents.recht] },
      { organization_id: organizations.kanzleiNord },
      { name: "Rechts" },
      { name: agents.recht }
    ]
    for (const body of asked) {
      assert.deepEqual(await doctor(world, "otherOrganisation", body), { total: 0, chains: [] })
      assert.include(idsIn(await doctor(world, "admin", body)), agents.recht)
    }
  },

  "a member's own agent is in nobody else's list": async (world) => {
    await world.database.query(
      `insert into public.agents (id, organization_id, name, is_global, created_by_user_id)
       values ('a0000000-0000-4000-a000-0000000000aa', $1, 'Notizen', false, $2)`,
      [organizations.kanzleiNord, people.member]
    )
    await world.client("member").assistants.get("a0000000-0000-4000-a000-0000000000aa")
    const own = await doctor(world, "member", { name: "notizen" })
    assert.strictEqual(own.total, 1)
    assert.include(own.chains[0]?.links.find(({ link }) => link === "visible")?.reason ?? "", "whose own it is")
    assert.deepEqual(await doctor(world, "admin", { name: "notizen" }), { total: 0, chains: [] })
    await world.database.query("delete from public.agents where name = 'Notizen'")
  },

  "one that could not be synced is there as well, and pages follow each other": async (world) => {
    await world.database.query("update public.agents set graph_id = 'unbekannt' where id = $1", [agents.wartung])
    const pages = [await doctor(world, "member", { limit: 3 }), await doctor(world, "member", { limit: 3, offset: 3 })]
    assert.deepEqual(pages.map(({ total }) => total), [4, 4])
    assert.deepEqual(pages.map(({ chains }) => chains.length), [3, 1])
    const wartung = await doctor(world, "member", { agent_ids: [agents.wartung] })
    assert.strictEqual(stateOf(wartung, "row"), "broken")
    assert.strictEqual(stateOf(wartung, "dry_run"), "skipped")
    await world.database.query("update public.agents set graph_id = 'agent' where id = $1", [agents.wartung])
  },

  "a model is asked only when somebody wants it, and leaves no thread, run or checkpoint": async (world) => {
    const rows = async () =>
      (await world.database.query(
        `select
          (select count(*) from langgraph_server.threads) as threads,
          (select count(*) from langgraph_server.runs) as runs,
          (select count(*) from langgraph_server.checkpoints) as checkpoints`
      )).rows
    const before = await rows(), asked = world.model.requests.length
    const recht = { agent_ids: [agents.recht] }
    assert.strictEqual(stateOf(await doctor(world, "member", recht), "dry_run"), "skipped")
    assert.strictEqual(world.model.requests.length, asked)
    assert.strictEqual(stateOf(await doctor(world, "member", { ...recht, dry_run: true }), "dry_run"), "ok")
    const [request] = world.model.requests.slice(asked)
    assert.strictEqual(request?.body["model"], "gpt-4o-mini")
    const text = JSON.stringify(request?.body)
    for (const part of ["Du bist ein Rechts-Assistent.", "search_laws"]) assert.include(text, part)
    assert.isAtMost(Number(request?.body["max_tokens"]), 16)
    assert.isEmpty(world.legal.seen.calls)
    assert.deepEqual(await rows(), before)
  },

  "however many agents a request is about, it asks 25 models; those left out say so, and can be asked for": async (
    world
  ) => {
    const made = await Promise.all(Array.from({ length: 27 }, () => copyOfRecht(world)))
    await examine(world, { fix: true, dryRun: false })
    const asked = world.model.requests.length
    const all = await doctor(world, "member", { dry_run: true, limit: 1000, agent_ids: made })
    assert.strictEqual(world.model.requests.length, asked + 25)
    const dryRuns = all.chains.map(({ agent_id, links }) => ({
      agent_id,
      ...links.find(({ link }) => link === "dry_run")
    }))
    const leftOut = dryRuns.filter(({ state }) => state !== "ok")
    assert.lengthOf(leftOut, 2)
    for (const { reason, state } of leftOut) {
      assert.strictEqual(state, "skipped")
      assert.include(reason, "one request asks 25 models; ask for this agent by agent_ids")
    }
    const agent_ids = leftOut.map(({ agent_id }) => agent_id)
    const later = await doctor(world, "member", { dry_run: true, agent_ids })
    assert.sameMembers(idsIn(later), agent_ids)
    assert.strictEqual(world.model.requests.length, asked + 27)
    await world.database.query("delete from public.agents where id::text = any($1)", [made])
    await examine(world, { fix: true, dryRun: false })
  },

  "what is wrong with a request is said, and tables that can't be read are a 503": async (world) => {
    const bad = await world.fetch("member", "/doctor", { method: "POST", body: "{\"limit\":0}" })
    assert.strictEqual(bad.status, 422)
    assert.strictEqual((await world.fetch(undefined, "/doctor", { method: "POST" })).status, 401)
    await world.database.query("alter table public.ai_models rename to ai_models_away")
    const away = await world.fetch("member", "/doctor", { method: "POST" })
    await world.database.query("alter table public.ai_models_away rename to ai_models")
    assert.strictEqual(away.status, 503)
    assert.include(await away.text(), "ai_models")
  },

  "the command prints a line an agent and what to do, and its exit code is for CI": async (world) => {
    await world.database.query("update public.agents set langgraph_assistant_id = 'x' where id = $1", [agents.expose])
    const [broken, whole] = await Promise.all([
      command(world, "--all"),
      command(world, "--agent", agents.recht, "--json")
    ])
    assert.strictEqual(broken.code, 1)
    assert.match(broken.stdout, /^agent\s+row\s+model\s+synced\s+id\s+visible\s+config\s+servers\s+tools\s+dry run$/m)
    assert.match(broken.stdout, /^⚖️ Rechts-Assistent\s+ok\s+ok\s+ok\s+ok\s+ok\s+ok\s+ok\s+ok\s+ok$/m)
    assert.match(broken.stdout, /^Allgemeiner Assistent\s+warn\s+warn\s+ok/m)
    assert.match(broken.stdout, new RegExp(`Exposé-Assistent \\(${agents.expose}\\): id: .*"x".*\n.*--fix`))
    assert.match(broken.stderr, /1 agent\(s\) broken/)
    assert.notInclude(broken.stdout + broken.stderr, "\u001b")
    assert.strictEqual(whole.code, 0, whole.stderr)
    assert.deepEqual(idsIn(foundIn(JSON.parse(whole.stdout))), [agents.recht])
    await world.database.query("update public.agents set langgraph_assistant_id = id where id = $1", [agents.expose])
  },

  "with --url it asks a server, as the token's person; --fix is refused in words": async (world) => {
    const [found, fix, stranger] = await Promise.all([
      command(world, "--url", world.url, "--token", world.token("otherOrganisation"), "--json"),
      command(world, "--url", world.url, "--token", "t", "--fix"),
      command(world, "--url", world.url, "--token", "nonsense")
    ])
    assert.deepEqual(idsIn(foundIn(JSON.parse(found.stdout))), [agents.expose])
    assert.strictEqual(found.code, 0, found.stdout)
    assert.strictEqual(fix.code, 1)
    assert.match(fix.stderr, /--fix is for whoever has the database/)
    assert.strictEqual(stranger.code, 1)
    assert.match(stranger.stderr, /HTTP 401/)
    assert.notInclude(stranger.stdout + stranger.stderr, "nonsense")
  }
} satisfies Scenarios
