import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib"
import { assert, test } from "vitest"

const dist = new URL("../../console/dist", import.meta.url).pathname

const files = async () =>
  (await readdir(dist, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name))

const isOriginal = (path: string) => !/\.(br|gz)$/.test(path)

test("the whole console weighs no more than 300 kB, compressed", async () => {
  const originals = (await files()).filter(isOriginal)
  assert.isAbove(originals.length, 2)
  const bytes = await Promise.all(originals.map(async (path) => gzipSync(await readFile(path)).length))
  assert.isAtMost(bytes.reduce((sum, size) => sum + size, 0), 300_000)
})

test("each of its files lies there compressed as well, with the same in it", async () => {
  for (const path of (await files()).filter(isOriginal)) {
    const text = await readFile(path)
    assert.isTrue(brotliDecompressSync(await readFile(`${path}.br`)).equals(text), path)
    assert.isTrue(gunzipSync(await readFile(`${path}.gz`)).equals(text), path)
  }
})

test("it takes nothing from anywhere else, and has no script that its policy would refuse", async () => {
  const page = await readFile(join(dist, "index.html"), "utf8")
  assert.notMatch(page, /<script(?![^>]*\ssrc=)/)
  assert.notMatch(page, /\son\w+=/)
  for (const [, address = ""] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.match(address, /^(\/console\/assets\/[\w.-]+-[\w-]+\.\w+|data:image\/svg)/)
  }
})
