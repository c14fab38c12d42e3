import { Schema } from "effect"
import { execFile } from "node:child_process"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, test } from "vitest"
import { people } from "../../src/adapters/demo/World.ts"
import { startNode } from "../support/Processes.ts"

const root = new URL("../../", import.meta.url).pathname
const launcher = join(root, "bin/throughline")

/** `throughline <words>`, with nothing configured but what is said. */
const throughline = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  startNode([join(root, "src/app/throughline.ts"), ...words], env).ended

const Claims = Schema.Struct({
  aud: Schema.String,
  email: Schema.String,
  exp: Schema.Number,
  iat: Schema.Number,
  iss: Schema.String,
  role: Schema.String,
  sub: Schema.String
})

/** What a token says that is all of an output. */
const claimsOf = (output: string) => {
  const [, payload = ""] = /^[\w-]+\.([\w-]+)\.[\w-]+\n$/.exec(output) ?? assert.fail(output)
  return Schema.decodeUnknownSync(Schema.fromJsonString(Claims))(Buffer.from(payload, "base64url").toString())
}

const commands = ["start", "sync", "doctor", "explain", "triggers", "replay", "token"]

describe.concurrent("throughline", () => {
  test("without a word, it lists what it can do, and what its exit codes mean", async () => {
    for (const words of [[], ["--help"], ["-h"]]) {
      const { code, stderr, stdout } = await throughline(words)
      assert.strictEqual(code, 0, stderr)
      for (const command of commands) assert.match(stdout, new RegExp(`^  ${command}  +\\w`, "m"))
      assert.match(stdout, /EXAMPLES\n/)
      assert.match(stdout, /EXIT CODES\n  0 .*\n  1 .*\n  2 /)
      assert.strictEqual(stderr, "")
    }
  })

  test.for(commands)("%s --help says what it is for, with an example", async (command, { expect }) => {
    const { code, stderr, stdout } = await throughline([command, "--help"])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^DESCRIPTION\n {2}\w.{40,}/)
    expect(stdout).toMatch(new RegExp(`USAGE\\n {2}throughline ${command}\\b`))
    expect(stdout).toMatch(new RegExp(`EXAMPLES\\n[\\s\\S]*throughline ${command}`))
    expect(stdout).toContain("EXIT CODES")
    expect(stderr).toBe("")
  })

  test.for(
    [
      [["sinc"], /Unknown subcommand "sinc"[\s\S]*Did you mean this\?\s+sync/, "throughline --help"],
      [["sync", "--everything"], /Unrecognized flag: --everything/, "throughline sync --help"],
      [["token"], /Missing required flag: --user/, "throughline token --help"],
      [["token", "--user", "me"], /--user: "me"\. Expected: a UUID/, "throughline token --help"],
      [["token", "--user", people.member, "--expires", "soon"], /--expires/, "throughline token --help"]
    ] as const
  )("%j is not understood: exit code 2, and where to look", async ([words, why, where], { expect }) => {
    const { code, stderr, stdout } = await throughline(words)
    expect(code).toBe(2)
    expect(stderr).toMatch(why)
    expect(stderr).toMatch(new RegExp(`^See: ${where}$`, "m"))
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe("")
  })

  test("its words are completed in every shell", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout } = await throughline(["--completions", shell])
      assert.strictEqual(code, 0)
      for (const word of [...commands, "dry-run", "scope"]) assert.include(stdout, word, shell)
    }
  })

  test("its version is the package's", async () => {
    assert.match((await throughline(["--version"])).stdout, /^throughline v\d+\.\d+\.\d+$/m)
  })

  test("help needs no settings: those that are malformed wait for the command that reads them", async () => {
    assert.strictEqual((await throughline(["sync", "--help"], { PORT: "canary" })).code, 0)
    const { code, stderr } = await throughline(["sync"], { PORT: "canary" })
    assert.strictEqual(code, 1)
    assert.match(stderr, /^throughline: PORT must be .*\n$/)
    assert.match((await throughline(["sync"])).stderr, /^throughline: DATABASE_URL must be set /)
  })

  test("the launcher finds its Node and its files from wherever it is called, and passes on the exit code", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "throughline-bin-"))
    try {
      const link = join(elsewhere, "throughline")
      await symlink(launcher, link)
      const env = { PATH: "/usr/bin:/bin" }
      const run = promisify(execFile)
      assert.match((await run(link, ["--version"], { cwd: elsewhere, env })).stdout, /^throughline v/)
      const failed = await run(link, ["sinc"], { cwd: elsewhere, env }).catch((error: unknown) => error)
      assert.propertyVal(failed, "code", 2)
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  })
})

describe.concurrent("throughline token", () => {
  const env = { DATABASE_URL: "postgres://127.0.0.1:9/none", SUPABASE_URL: "https://project.supabase.co" }
  const words = ["token", "--user", people.member.toUpperCase(), "--expires", "10m", "--email", "a@example.com"]

  test("mints what Supabase would, and prints nothing else", async () => {
    const { code, stderr, stdout } = await throughline(words, { ...env, SUPABASE_JWT_SECRET: "s".repeat(32) })
    assert.strictEqual(code, 0, stderr)
    const { exp, iat, ...said } = claimsOf(stdout)
    assert.deepEqual(said, {
      aud: "authenticated",
      email: "a@example.com",
      iss: "https://project.supabase.co/auth/v1",
      role: "authenticated",
      sub: people.member
    })
    assert.strictEqual(exp - iat, 600)
  })

  test("without the secret it says who could", async () => {
    const { code, stderr, stdout } = await throughline(words, env)
    assert.strictEqual(code, 1)
    assert.match(stderr, /^throughline: SUPABASE_JWT_SECRET must be set .*\n$/)
    assert.strictEqual(stdout, "")
  })
})
