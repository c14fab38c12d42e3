import { execFile } from "node:child_process"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const root = new URL("../../", import.meta.url).pathname

const lastWritten = async (path: string) => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0

const newestIn = async (folder: string) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name, parentPath }) => join(parentPath, name))
  return Math.max(...await Promise.all(files.map(lastWritten)))
}

/** The console as its sources are now: `npm ci` has built it, but somebody may have worked on it since. */
export default async () => {
  const built = await lastWritten(join(root, "console/dist/index.html.br"))
  const written = [await newestIn(join(root, "console/src")), await lastWritten(join(root, "console/index.html"))]
  if (built > Math.max(...written)) return
  console.log("[browser] building the console …")
  await promisify(execFile)(process.execPath, ["scripts/build-console.ts"], { cwd: root })
}
