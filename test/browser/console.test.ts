import { assert, test } from "vitest"
import { linkWords } from "../../console/src/agents/links.ts"
import { agents } from "../../src/adapters/demo/World.ts"
import { editAgent } from "../support/Agents.ts"
import { deadUrl } from "../support/McpServers.ts"
import { onConsole } from "./OnConsole.ts"
import { assertNoPrivateApi } from "./Visitor.ts"

const recht = "Rechts-Assistent"

onConsole("the console", 300_000, (site) => {
  const { open, seen } = site

  const toolServer = (name: string, url: string) =>
    site.world.database.query("update public.mcp_tools set endpoint_url = $2 where tool_name = $1", [name, url])

  test("an agent is a row, the links of its chain are columns: in order, or with the reason", async () => {
    const { link, page } = await open({ person: "member" })
    await link(recht, "servers", "ok: legal-mcp").waitFor()
    await link(recht, "tools", "ok: .*search_laws").waitFor()
    await link("Allgemeiner Assistent", "model", "warning: it has no engine").waitFor()
    assert.strictEqual(await page.getByRole("rowheader").count(), 4)
    for (const { short } of Object.values(linkWords)) {
      await page.getByRole("columnheader", { name: short, exact: true }).waitFor()
    }
  })

  test("a server that breaks and heals while somebody looks is shown so, without a reload", async () => {
    const { link, page } = await open({ person: "member" })
    await link(recht, "servers", "ok").waitFor()
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
    await toolServer("legal-mcp", await deadUrl())
    await link(recht, "servers", "broken: legal-mcp").waitFor()
    await link(recht, "tools", "not looked at").waitFor()
    await page.getByRole("row", { name: recht }).getByText(/mcp_tools\.endpoint_url/).waitFor()
    await page.getByRole("status").getByText(/[12] of 4 agents broken/).first().waitFor({ state: "attached" })
    await toolServer("legal-mcp", site.world.legal.url)
    await link(recht, "servers", "ok").waitFor()
    await link(recht, "tools", "ok").waitFor()
    assert.isTrue(await page.evaluate(() => Reflect.get(globalThis, "sameDocument")))
  })

  test("an engine that breaks and heals is shown on the agent's own page", async () => {
    const { heading, page, section } = await open({ person: "member", path: `agents/${agents.recht}` })
    await heading(new RegExp(recht)).waitFor()
    const links = section("From its row to an answer").getByRole("listitem")
    const model = links.filter({ hasText: linkWords.model.long })
    await model.getByText("ok", { exact: true }).waitFor()
    const { rows: [before] } = await site.world.database.query<{ engine_id: string }>(
      "select engine_id from public.agents where id = $1",
      [agents.recht]
    )
    const models = (name: string) =>
      site.world.database.query(
        `update public.ai_models set runtime_model_name = $2
         where id = (select language_model_id from public.global_ai_engines where id = $1)`,
        [before?.engine_id, name]
      )
    await models("nobody:nothing-1")
    await model.getByText("broken", { exact: true }).waitFor()
    await model.getByText(/nobody/).first().waitFor()
    await models("openai:gpt-4o-mini")
    await model.getByText("ok", { exact: true }).waitFor()
    assert.isEmpty(await page.getByRole("alert").allTextContents())
  })

  test("an edit of the row shows in the agent's configuration, by origin, and as a version with its difference", async () => {
    const { heading, section } = await open({ person: "member", path: `agents/${agents.wartung}` })
    await heading(/Wartungsbericht/).waitFor()
    const row = section("Effective configuration").getByRole("row", { name: /^temperature/ })
    await row.getByText("graph's default").waitFor()
    await editAgent(site.world, agents.wartung, "temperature = 0.11")
    await row.getByText("0.11", { exact: true }).waitFor()
    await row.getByRole("cell", { name: "agent", exact: true }).waitFor()
    const version = section("Versions").getByRole("listitem").filter({ hasText: "Version 2" })
    await version.getByText("config.configurable.temperature").waitFor()
    await version.getByText("0.11").waitFor()
  })

  test("somebody talks to an agent, and looks at the run: its steps, what it got, and where from", async () => {
    const visitor = await open({ person: "member" })
    const { hears, opens, page, say, section } = visitor
    await opens(new RegExp(recht))
    await say("tool:search_laws:{\"query\":\"BGB 573\"}")
    await hears("tool said: result for BGB 573")
    await say("say:und noch einmal")
    await hears("und noch einmal")
    await page.getByRole("navigation", { name: "Runs of this conversation" }).getByRole("link", { name: /done/ }).last()
      .click()
    await visitor.heading(/^Run …/).waitFor()
    const steps = page.getByRole("table", { name: "Steps of the run" })
    for (const kind of ["Queue", "Configuration", "Tool servers", "Model", "Tool", "Checkpoints"]) {
      await steps.getByRole("row", { name: new RegExp(`^${kind}`) }).first().waitFor()
    }
    await steps.getByText("search_laws").waitFor()
    await section("Configuration that it got").getByRole("row", { name: /^model_name openai:gpt-4o-mini/ }).waitFor()
    await section("Tools that it got").getByText("search_laws").waitFor()
    await page.getByRole("link", { name: "Runs", exact: true }).click()
    await visitor.heading("Runs").waitFor()
    await page.getByRole("main").getByRole("link", { name: /done/ }).nth(1).waitFor()
  })

  test("a run under way is watched, and stopped, and one that fails says why", async () => {
    const { heading, page, say } = await open({ person: "member", path: `agents/${agents.wartung}` })
    await say("slow:60000:eins zwei drei")
    const runs = page.getByRole("navigation", { name: "Runs of this conversation" })
    await runs.getByRole("link", { name: /running/ }).click()
    await heading(/^Run …/).waitFor()
    await page.getByText("running", { exact: true }).first().waitFor()
    await page.getByRole("button", { name: "Stop" }).click()
    await page.getByText("stopped", { exact: true }).first().waitFor()

    const other = await open({ person: "member", path: `agents/${agents.wartung}` })
    await other.say("fail:401")
    await other.page.getByRole("alert").first().waitFor()
    await other.page.getByRole("navigation", { name: "Runs of this conversation" }).getByRole("link").first().click()
    await other.heading(/^It failed/, 2).waitFor()
  })

  test("a dry run reaches the model with all of it", async () => {
    const { link, page } = await open({ person: "member" })
    await link(recht, "dry run", "not looked at").waitFor()
    await page.getByRole("button", { name: new RegExp(`Dry run of .*${recht}`) }).click()
    await link(recht, "dry run", "ok").waitFor()
  })

  test("a page that is reloaded stays where it is, and signed in", async () => {
    const { heading, page } = await open({ person: "member", path: `agents/${agents.recht}` })
    await heading(new RegExp(recht)).waitFor()
    await page.reload()
    await heading(new RegExp(recht)).waitFor()
    await page.goto(`${site.world.url}/console/nowhere/at/all`)
    await heading("There is nothing here").waitFor()
  })

  test("all that it asked for is in /openapi.json, no address held a token, and its browser refused it nothing", async () => {
    const asked = await assertNoPrivateApi(site.world, seen.requests)
    for (const path of ["/doctor", "/assistants/{id}/explain", "/runs/search", "/threads/{id}/runs/{id}/record"]) {
      assert.isTrue(asked.has(path), `${path} was asked for, of ${[...asked].join(", ")}`)
    }
    assert.deepEqual(seen.refusals, [])
  })
})
