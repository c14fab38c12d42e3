import { assert, beforeAll, test } from "vitest"
import { linkWords } from "../../console/src/agents/links.ts"
import { agents } from "../../src/adapters/demo/World.ts"
import { onConsole } from "./OnConsole.ts"
import { desk, phone, type Visitor } from "./Visitor.ts"

const recht = "Rechts-Assistent"

onConsole("the console, for everybody", 400_000, (site) => {
  const { open } = site
  /** A run with a step of each kind, and where it is shown. */
  let runPath: string

  beforeAll(async () => {
    const { runs, threads } = site.world.client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, agents.recht, {
      input: { messages: [{ role: "user", content: "tool:search_laws:{\"query\":\"BGB 573\"}" }] }
    })
    const [run] = await runs.list(thread_id)
    runPath = `threads/${thread_id}/runs/${run?.run_id}`
  })

  /** Every view, and what it shows when it is complete. */
  const views: Readonly<
    Record<string, { readonly path: () => string; readonly seen: (visitor: Visitor) => Promise<unknown> }>
  > = {
    agents: { path: () => "", seen: ({ page }) => page.getByText("document-mcp").first().waitFor() },
    agent: {
      path: () => `agents/${agents.recht}`,
      seen: async ({ page, section }) => {
        await section("Effective configuration").getByText("graph's default").first().waitFor()
        await section("Versions").getByText("Version 1").waitFor()
        await section("Your recent runs").getByRole("link").first().waitFor()
        await page.getByLabel("Message", { exact: true }).waitFor()
      }
    },
    runs: { path: () => "runs", seen: ({ page }) => page.getByRole("main").getByRole("link").first().waitFor() },
    run: { path: () => runPath, seen: ({ page }) => page.getByRole("table", { name: "Steps of the run" }).waitFor() },
    nothing: { path: () => "no/such/view", seen: ({ heading }) => heading("There is nothing here").waitFor() }
  }

  const looks = [
    { colorScheme: "light", viewport: desk },
    { colorScheme: "dark", viewport: desk },
    { colorScheme: "light", viewport: phone },
    { colorScheme: "dark", viewport: phone }
  ] as const

  test.for(looks)(
    "each view has no serious barrier and fits its window: $colorScheme, $viewport.width px",
    async (look, { expect }) => {
      const visitor = await open(look)
      const inspect = async (view: string) => {
        await visitor.picture(view)
        expect(await visitor.barriers(), view).toEqual([])
        expect(await visitor.overhang(), `${view} is wider than its window`).toBe(0)
      }
      await visitor.page.getByRole("button", { name: /A member.*Kanzlei Nord/ }).waitFor()
      await inspect("sign-in")
      await visitor.page.getByRole("button", { name: /A member.*Kanzlei Nord/ }).click()
      for (const [view, { path, seen }] of Object.entries(views)) {
        await visitor.page.goto(`${site.world.url}/console/${path()}`)
        await seen(visitor)
        await inspect(view)
      }
      await visitor.spoil()
      const found = (await visitor.barriers()).map((barrier) => barrier.replace(/:.*/s, ""))
      expect(found.toSorted()).toEqual(["button-name", "color-contrast"])
      expect(await visitor.overhang()).toBeGreaterThan(1000)
    }
  )

  test("it follows the colours of the system, until somebody chooses others, and keeps to those", async () => {
    const visitor = await open({ colorScheme: "dark", person: "member" })
    await visitor.heading("Agents").waitFor()
    assert.isBelow(await visitor.brightness(), 80)
    await visitor.page.getByRole("button", { name: "Use light colours" }).click()
    await visitor.page.getByRole("button", { name: "Use dark colours" }).waitFor()
    assert.isAbove(await visitor.brightness(), 200)
    await visitor.page.reload()
    await visitor.heading("Agents").waitFor()
    assert.isAbove(await visitor.brightness(), 200)
  })

  /** Presses Tab until something has the focus. */
  const tabTo = async (visitor: Visitor, name: RegExp, most = 60) => {
    const passed: Array<string> = []
    for (let presses = 0; presses < most; presses++) {
      await visitor.page.keyboard.press("Tab")
      const { name: now, seen } = await visitor.focused()
      passed.push(now)
      assert.isTrue(seen, `the focus is seen on "${now}"`)
      assert.isAtMost(passed.filter((name) => name === "").length, 1, "the focus is lost")
      if (name.test(now)) return passed
    }
    return assert.fail(`Tab does not lead to ${name}, but to ${passed.join(", ")}`)
  }

  test("with the keyboard alone: signs in, skips to the content, opens an agent, talks, looks at the run, signs out", async () => {
    const visitor = await open()
    const { heading, hears, page } = visitor
    await page.getByRole("button", { name: /A member.*Kanzlei Nord/ }).waitFor()
    await tabTo(visitor, /A member\s*Kanzlei Nord/)
    await page.keyboard.press("Enter")
    await heading("Agents").waitFor()
    assert.include((await visitor.focused()).name, "Agents", "whoever has signed in is before what there is")

    await page.reload()
    await page.getByRole("link", { name: new RegExp(recht) }).first().waitFor()
    const order = await tabTo(visitor, new RegExp(`^⚖️ ${recht}`))
    const at = (name: RegExp) => order.findIndex((passed) => name.test(passed))
    const places = [/Skip to the content/, /^Agents$/, /^Runs$/, /Use dark colours/, /Sign out/, /^Name/, /^Show/].map(
      at
    )
    assert.deepEqual(places, places.toSorted((a, b) => a - b), order.join(", "))
    assert.notInclude(places, -1, order.join(", "))

    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await page.getByText(linkWords.servers.long).first().waitFor()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await heading(new RegExp(recht)).waitFor()

    await page.goto(`${site.world.url}/console/agents/${agents.recht}?`)
    await page.getByLabel("Message", { exact: true }).waitFor()
    await page.keyboard.press("Tab")
    assert.match((await visitor.focused()).name, /Skip to the content/)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert.notMatch((await visitor.focused()).name, /Agents|Runs|Sign out/, "the bar is skipped")

    await tabTo(visitor, /^Message/)
    await page.keyboard.type("say:Guten Tag")
    await page.keyboard.press("Enter")
    await hears("Guten Tag")
    await page.getByRole("navigation", { name: "Runs of this conversation" }).getByRole("link", { name: /done/ })
      .waitFor()
    await page.keyboard.press("Shift+Tab")
    assert.match((await visitor.focused()).name, /done/)
    await page.keyboard.press("Enter")
    await heading(/^Run …/).waitFor()
    await tabTo(visitor, /Sign out/)
    await page.keyboard.press("Enter")
    await heading("Sign in").waitFor()
  })

  test("on a phone somebody finds the broken link, and talks to the agent", async () => {
    const { hears, opens, overhang, page, say } = await open({ person: "member", viewport: phone })
    await page.getByText("document-mcp").first().waitFor()
    await opens(new RegExp(recht))
    await say(`say:${"Donaudampfschifffahrtsgesellschaftskapitän".repeat(4)}`)
    await hears(/^Donaudampf/)
    assert.strictEqual(await overhang(), 0)
  })
})
