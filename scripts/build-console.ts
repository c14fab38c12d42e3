import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import { table } from "./support/Terminal.ts"

const root = new URL("../console/", import.meta.url).pathname
const dist = join(root, "dist")
/** Beside it, so that a server never has half a console to show. */
const draft = join(root, `dist-${process.pid}`)

/** What goes over the wire to somebody who comes for the first time. */
const most = 300_000

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

const best = (text: Buffer) => ({ params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } })

/** Compressed once, here, as small as it gets: the server only picks what a browser can read. */
const compress = async (path: string) => {
  const text = await readFile(path)
  const zipped = await zip(text, { level: 9 })
  const smaller = await brotli(text, best(text))
  await writeFile(`${path}.gz`, zipped)
  await writeFile(`${path}.br`, smaller)
  return { file: relative(draft, path), bytes: text.length, gzip: zipped.length, brotli: smaller.length }
}

const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile()).map(({ name, parentPath }) => join(parentPath, name))

// Or a test that builds it would get React's development version.
process.env["NODE_ENV"] = "production"

/** Vite is a tool for development: an installation without those is told, not broken. */
const vite = await import("vite").catch(() => {
  console.error("The console is not built: that takes Vite, a development dependency (npm ci without --omit=dev).")
  process.exit(1)
})

await vite.build({ root, logLevel: "warn", build: { outDir: draft } })
const built = await Promise.all((await filesIn(draft)).map(compress))
await rm(dist, { recursive: true, force: true })
await rename(draft, dist)
const sum = built.reduce((total, { gzip }) => total + gzip, 0)
console.log(table(built))
console.log(`The console: ${sum} bytes with gzip, of ${most}.`)
if (sum > most) {
  console.error("That is more than a page should weigh.")
  process.exitCode = 1
}
