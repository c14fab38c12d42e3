import { assert, test } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { onConsole } from "./OnConsole.ts"
import { assertNoPrivateApi } from "./Visitor.ts"

const recht = "Rechts-Assistent"

onConsole("the console, by whom it is looked at", 300_000, (site) => {
  const { open, seen } = site

  test("the other organisation sees none of it: no row, no page, no run", async () => {
    const { heading, page } = await open({ person: "otherOrganisation" })
    await page.getByRole("link", { name: /Exposé/ }).first().waitFor()
    assert.strictEqual(await page.getByRole("rowheader").count(), 1)
    assert.notInclude(await page.getByRole("main").innerText(), recht)
    await page.goto(`${site.world.url}/console/agents/${agents.recht}`)
    await page.getByRole("alert").first().waitFor()
    assert.notInclude(await page.locator("body").innerText(), recht)
    const member = site.world.client("member")
    const { thread_id } = await member.threads.create()
    const { run_id } = await member.runs.create(thread_id, agents.recht, {
      input: { messages: [{ role: "user", content: "say:unter uns" }] }
    })
    await page.goto(`${site.world.url}/console/threads/${thread_id}/runs/${run_id}`)
    await page.getByRole("alert").getByText(/not found/i).waitFor()
    assert.isFalse(await heading(/Steps/, 2).isVisible())

    const stranger = await open({ person: "noOrganisation" })
    await stranger.heading("Agents").waitFor()
    await stranger.page.waitForResponse(/\/doctor$/)
    assert.strictEqual(await stranger.page.getByRole("rowheader").count(), 0)
  })

  test("one signs in as somebody of the demo, with a password, or with a token, and a bad one is told", async () => {
    const demo = await open()
    await demo.page.getByRole("button", { name: /A member.*Immobilien Süd/ }).click()
    await demo.page.getByRole("link", { name: /Exposé/ }).first().waitFor()
    await demo.page.getByRole("button", { name: "Sign out" }).click()
    await demo.heading("Sign in").waitFor()
    assert.strictEqual(await demo.page.evaluate(() => JSON.stringify(Object.values(sessionStorage))), "[]")

    const { heading, page } = await open()
    const form = page.getByRole("form", { name: "With your password" })
    await form.getByLabel("E-mail address").fill("a@example.com")
    await form.getByRole("textbox", { name: "Password" }).fill("falsch")
    await form.getByRole("button", { name: "Sign in" }).click()
    await page.getByRole("alert").getByText("don't match").waitFor()
    await form.getByRole("textbox", { name: "Password" }).fill(site.world.password)
    await form.getByRole("button", { name: "Sign in" }).click()
    await heading("Agents").waitFor()
    await page.getByRole("link", { name: new RegExp(recht) }).first().waitFor()

    const nobody = await open({ path: "runs" })
    await nobody.page.getByLabel("Supabase access token").fill("not-a-token")
    await nobody.page.getByLabel("Supabase access token").press("Enter")
    await nobody.page.getByRole("alert").first().waitFor()
    await nobody.heading("Sign in").waitFor()
    await nobody.page.getByLabel("Supabase access token").fill(site.world.token("member"))
    await nobody.page.getByLabel("Supabase access token").press("Enter")
    await nobody.heading("Runs").waitFor()
  })

  test("no address held a token, and its browser refused it nothing", async () => {
    await assertNoPrivateApi(site.world, seen.requests)
    assert.deepEqual(seen.refusals, [])
  })
})
