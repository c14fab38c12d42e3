import type { AxeResults } from "axe-core"
import { Schema } from "effect"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Browser, BrowserContextOptions, Page, Request } from "playwright-core"
import { assert } from "vitest"
import type { Person } from "../support/Throughline.ts"
import { openTab } from "./Chromium.ts"
import type { ConsoleWorld } from "./ConsoleWorld.ts"

export const phone = { width: 390, height: 844 }
export const desk = { width: 1280, height: 900 }

/** Pictures of every view, for whoever wants to see what it looks like without starting it. */
const pictures = new URL("../../test-results/console/", import.meta.url).pathname

const axeSource = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8")

export interface VisitOptions extends Pick<BrowserContextOptions, "viewport" | "colorScheme"> {
  /** Nobody: stays at the door. */
  readonly person?: Person
  readonly path?: string
}

/** What the page has asked for, of whom, and what its browser would not let it do. */
export interface Seen {
  readonly requests: Array<Request>
  readonly refusals: Array<string>
}

/** Somebody before the console. */
export const visit = async (browser: Browser, world: ConsoleWorld, options: VisitOptions = {}, seen?: Seen) => {
  const { colorScheme = "light", path = "", person, viewport = desk } = options
  const page = await openTab(browser, { colorScheme, viewport, reducedMotion: "reduce" })
  page.on("request", (request) => seen?.requests.push(request))
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) seen?.refusals.push(message.text())
  })
  page.on("pageerror", (error) => seen?.refusals.push(String(error)))
  await page.goto(`${world.url}/console/${path}`)
  if (person !== undefined) {
    await page.getByLabel("Supabase access token").fill(world.token(person))
    await page.getByRole("form", { name: "With a token" }).getByRole("button", { name: "Sign in", exact: true }).click()
  }
  return visitor(page, `${colorScheme}-${viewport?.width ?? "full"}`)
}

/** What is asked of the document itself. */
const inPage = {
  spoil: `document.querySelector("main").insertAdjacentHTML(
    "beforeend",
    '<button style="width: 3000px"></button><p style="color: #777; background: #888">grey on grey</p>'
  )`,
  overhang: "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  brightness: `(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number)
    return (red + green + blue) / 3
  })()`,
  focused: `(async () => {
    const element = document.activeElement
    // Between the last thing and the first there is the browser's own bar.
    if (element === document.body) return { name: "", seen: true }
    const { bottom, right, top, width, height } = element.getBoundingClientRect()
    const { boxShadow, outlineStyle, outlineWidth } = getComputedStyle(element)
    const isMarked = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none"
    // Fields of the component library colour their border instead, and take a moment to.
    const border = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      return getComputedStyle(element).borderColor
    }
    const isBordered = async () => {
      const focused = await border()
      element.blur()
      const without = await border()
      element.focus({ focusVisible: true, preventScroll: true })
      return focused !== without
    }
    const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent
    const there = width > 0 && height > 0 && bottom > 0 && right > 0 && top < innerHeight
    const isField = element.matches("input, select, textarea")
    return { name: label.trim(), seen: there && (isMarked || (isField && await isBordered())) }
  })()`
}

const visitor = (page: Page, look: string) => {
  const heading = (name: string | RegExp, level = 1) => page.getByRole("heading", { name, level })
  return {
    page,
    heading,
    /** One link of an agent's chain, as those hear it who can't see it: `Recht…: servers: broken: …`. */
    link: (agent: string, link: string, state: string) =>
      page.getByRole("table", { name: /^Agents/ }).getByText(new RegExp(`${agent}: ${link}: ${state}`)).first(),
    opens: async (name: string | RegExp) => page.getByRole("link", { name }).first().click(),
    say: async (text: string) => {
      await page.getByLabel("Message", { exact: true }).fill(text)
      await page.getByRole("button", { name: "Send" }).click()
    },
    hears: (words: string | RegExp) => page.getByRole("log").getByText(words).first().waitFor(),
    section: (name: string | RegExp) => page.getByRole("region", { name }),
    picture: async (view: string) => {
      await mkdir(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, `${view}-${look}.png`), fullPage: true })
    },
    /** Spoils the page, to see that whoever checks it notices. */
    spoil: () => page.evaluate(inPage.spoil),
    /** What axe finds serious in what is shown. */
    barriers: async () => {
      // Not as an element of the page: its policy runs no scripts but its own.
      await page.evaluate(axeSource)
      const found: AxeResults = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
      return found.violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)
    },
    /** How much wider the page is than the window. */
    overhang: () => page.evaluate<number>(inPage.overhang),
    /** How bright its ground is, from 0 to 255. */
    brightness: () => page.evaluate<number>(inPage.brightness),
    /** What has the focus: its name, and whether one sees that it has it. */
    focused: () => page.evaluate<{ readonly name: string; readonly seen: boolean }>(inPage.focused)
  }
}

export type Visitor = Awaited<ReturnType<typeof visit>>

const decodeDocument = Schema.decodeUnknownSync(
  Schema.Struct({ paths: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)) })
)

/** Every request is one that /openapi.json has, or a file of the page's own; and none carries a token in its address. */
export const assertNoPrivateApi = async (world: ConsoleWorld, requests: ReadonlyArray<Request>) => {
  const { paths } = decodeDocument(await (await fetch(`${world.url}/openapi.json`)).json())
  const known = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, "[^/]+")}$`)
    }))
  )
  const own = requests.filter((request) => request.url().startsWith(world.url))
  const unknown = own.filter((request) => {
    const { pathname } = new URL(request.url())
    if (request.method() === "GET" && pathname.startsWith("/console")) return false
    return !known.some(({ method, pattern }) => method === request.method() && pattern.test(pathname))
  })
  assert.deepEqual([...new Set(unknown.map((request) => `${request.method()} ${new URL(request.url()).pathname}`))], [])
  assert.deepEqual(requests.map((request) => request.url()).filter((url) => /eyJ|token=ey|access_token/.test(url)), [])
  return new Set(own.map((request) => new URL(request.url()).pathname.replaceAll(/[0-9a-f-]{36}/g, "{id}")))
}
