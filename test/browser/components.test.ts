import type { Browser } from "playwright-core"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { ownGraphs } from "../support/OwnGraphs.ts"
import { calm, openReplicas, type Replica, type Replicas } from "../support/ReplicaServers.ts"
import { serveChatPage } from "./ChatSite.ts"
import { executable, launch, openTab } from "./Chromium.ts"
import { personAt } from "./Person.ts"

const chromium = executable()
if (chromium === undefined) {
  console.log("NOT RUN: the browser test needs a Chromium, and none is here; test/browser/chromium.sh install gets one")
}

describe.runIf(chromium)("a page that shows components which a graph pushes", { timeout: 300_000 }, () => {
  let site: Awaited<ReturnType<typeof serveChatPage>>
  let world: Replicas
  let server: Replica
  let browser: Browser

  beforeAll(async () => {
    site = await serveChatPage()
    world = await openReplicas()
    server = await world.start({ ...calm, ...ownGraphs.env, CORS_ORIGINS: site.origin })
    browser = await launch(chromium ?? "")
  })
  afterAll(async () => {
    await browser.close()
    await world.stop()
    await site.close()
  })

  test.each(["2.0.0", "1.15.0"])(
    "with LoadExternalComponent of the SDK's %s, by graph and by assistant",
    async (sdk) => {
      const { assistant_id } = await server.client().assistants.create({ graphId: "cards" })
      for (const assistant of ["cards", assistant_id]) {
        const { page, press, signIn } = personAt(await openTab(browser))
        await signIn(`${site.origin}/?api=${server.url}&assistant=${assistant}&sdk=${sdk}&cards`, world.token("member"))
        for (const title of ["First", "Second"]) {
          await page.getByLabel("Title").fill(title)
          await press("Show")
          const card = page.getByRole("article").filter({ has: page.getByRole("heading", { name: title }) })
          await card.getByText("added").waitFor()
          await card.getByText("of title, ui").waitFor()
        }
        assert.lengthOf(await page.getByRole("article").all(), 2, "what was taken away is not shown")
        const look = "(({ color, textDecorationLine }) => [color, textDecorationLine])"
          + "(getComputedStyle(document.querySelector('[aria-label=Cards] > div').shadowRoot.querySelector('article')))"
        assert.deepEqual(await page.evaluate(look), ["rgb(12, 34, 56)", "underline"])
      }
    }
  )
})
