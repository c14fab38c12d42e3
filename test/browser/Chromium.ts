import { execFileSync } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { onTestFailed } from "vitest"

const whereIs = new URL("chromium.sh", import.meta.url).pathname

/** Where a Chromium is, if there is one. */
export const executable = (): string | undefined => {
  try {
    return execFileSync(whereIs, { encoding: "utf8" }).trim()
  } catch {
    return undefined
  }
}

/** In containers there are no namespaces for its sandbox, and little shared memory; what it visits is our own. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] })

const artefacts = process.env["BROWSER_ARTEFACTS"] ?? join(tmpdir(), "throughline-browser")

/** A tab with nobody's cookies. When the test fails, what it showed last is kept as a picture. */
export const openTab = async (browser: Browser, options: BrowserContextOptions = {}): Promise<Page> => {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const said: Array<string> = []
  page.on("console", (message) => said.push(message.text()))
  onTestFailed(async ({ task }) => {
    await mkdir(artefacts, { recursive: true })
    const path = join(artefacts, `${task.name.replaceAll(/\W+/g, "-")}.png`)
    await page.screenshot({ path })
    console.error(`What the page showed: ${path}; its console:\n${said.join("\n")}`)
  })
  return page
}
