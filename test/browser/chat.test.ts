import type { Browser } from "playwright-core"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { calm, openReplicas, type Replica, type Replicas } from "../support/ReplicaServers.ts"
import { serveChatPage } from "./ChatSite.ts"
import { executable, launch, openTab } from "./Chromium.ts"
import { type Person, personAt } from "./Person.ts"

const chromium = executable()
if (chromium === undefined) {
  console.log("NOT RUN: the browser test needs a Chromium, and none is here; test/browser/chromium.sh install gets one")
}

const words = "eins zwei drei vier fünf sechs sieben acht neun zehn"

describe.runIf(chromium)("a chat page in a browser, at an origin of its own", { timeout: 300_000 }, () => {
  let site: Awaited<ReturnType<typeof serveChatPage>>
  let world: Replicas
  let server: Replica
  let browser: Browser

  /** Its stops wait for less than an answer takes that they are to come into. */
  const start = (port = "0") =>
    world.start({ ...calm, PORT: port, CORS_ORIGINS: site.origin, SHUTDOWN_TIMEOUT_SECONDS: "1" })

  beforeAll(async () => {
    site = await serveChatPage()
    world = await openReplicas()
    server = await start()
    browser = await launch(chromium ?? "")
  })
  afterAll(async () => {
    await browser.close()
    await world.stop()
    await site.close()
  })

  const visit = async ({ sdk = "2.0.0", token = world.token("member") } = {}) => {
    const person = personAt(await openTab(browser))
    await person.signIn(`${site.origin}/?api=${server.url}&assistant=${agents.recht}&sdk=${sdk}`, token)
    return person
  }

  test("a person talks, sees the words come in, a tool at work, and stops what takes too long", async () => {
    const person = await visit()
    await person.say("say:Guten Tag")
    await person.sees("ai: Guten Tag")
    await person.say(`slow:5000:${words}`)
    await person.seesSome("ai: eins zwei")
    assert.notInclude(await person.conversation(), `ai: ${words}`, "the words come one by one")
    await person.sees(`ai: ${words}`)
    await person.say("tool:search_laws:{\"query\":\"BGB 573\"}")
    await person.seesTool("search_laws: completed")
    await person.sees("ai: tool said: result for BGB 573")
    await person.isTold("ready")

    const endless = `slow:60000:${words}`
    await person.say(endless)
    await world.until("the model is at work", () => world.asked(endless).length === 1)
    await person.press("Stop")
    await person.isTold("ready")
    await world.until("the model was hung up on", () => world.asked(endless)[0]?.aborted)
    await world.until("the run is over", async () => {
      const { rows } = await world.observer.query("select from langgraph_server.runs where status = 'running'")
      return rows.length === 0
    })
    await person.say("say:dann eben nicht")
    await person.sees("ai: dann eben nicht")
  })

  test("a message is edited, and the talk goes on from there", async () => {
    const person = await visit()
    await person.say("say:falsch")
    await person.sees("ai: falsch")
    await person.isTold("ready")
    await person.press("Edit")
    await person.say("say:richtig")
    await person.sees("ai: richtig")
    await person.isTold("ready")
    assert.deepEqual(await person.conversation(), ["human: say:richtig", "ai: richtig"])
  })

  test("a page that is reloaded in the middle of an answer sees it through", async () => {
    const person = await visit()
    await person.say(`slow:8000:neu geladen ${words}`)
    await person.seesSome("ai: neu geladen eins")
    await person.page.reload()
    await person.sees(`ai: neu geladen ${words}`)
    await person.isTold("ready")
    assert.lengthOf(await person.conversation(), 2)
    assert.lengthOf(world.asked("neu geladen"), 1)
  })

  interface Restart {
    readonly sdk: string
    /** What the person sees while the server is away, and does when it is back. */
    readonly away?: (person: Person) => Promise<unknown>
    readonly back?: (person: Person) => Promise<unknown>
  }

  const overRestart = async ({ away, back, sdk }: Restart) => {
    const person = await visit({ sdk })
    await person.say("say:zuvor")
    await person.sees("ai: zuvor")
    const answer = `mit ${sdk} ${words}`
    await person.say(`slow:8000:${answer}`)
    await person.seesSome(`ai: mit ${sdk} eins`)
    const { port } = new URL(server.url)
    await server.stop()
    await away?.(person)
    server = await start(port)
    await back?.(person)
    await person.sees(`ai: ${answer}`)
    await person.isTold("ready")
    assert.deepEqual(await person.conversation(), [
      "human: say:zuvor",
      "ai: zuvor",
      `human: slow:8000:${answer}`,
      `ai: ${answer}`
    ])
    await person.say("say:danach")
    await person.sees("ai: danach")
  }

  test("a server that is restarted in the middle of an answer is not missed", () => overRestart({ sdk: "1.15.0" }))

  test("where the hook gives up because the server stays away, a reload brings the answer", () =>
    overRestart({
      sdk: "2.0.0",
      away: ({ isWarned }) => isWarned("Unable to connect"),
      back: ({ page }) => page.reload()
    }))

  test("a token that is none is told, and so is a stranger's thread", async () => {
    const nobody = await visit({ token: "not-a-token" })
    await nobody.say("say:hallo")
    await nobody.isWarned("401")

    const member = await visit()
    await member.say("say:unter uns")
    await member.sees("ai: unter uns")
    const stranger = personAt(await openTab(browser))
    await stranger.signIn(member.page.url(), world.token("otherOrganisation"))
    await stranger.isWarned("404")
    assert.deepEqual(await stranger.conversation(), [])
  })
})
