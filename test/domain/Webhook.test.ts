import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { isAllowedHost, refusedAtSight } from "../../src/domain/OutboundHost.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { type Run, RunId, RunOutcome } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import {
  isFinal,
  noticeOf,
  signatureHeader,
  signedText,
  webhookHost,
  webhookProblem
} from "../../src/domain/Webhook.ts"
import { plainConfiguration, plainRequest } from "../support/PlainRuns.ts"

const run: Run = {
  run_id: RunId.make("run"),
  thread_id: ThreadId.make("thread"),
  assistant_id: AssistantId.make("assistant"),
  graph_id: "agent",
  assistant_version: 1,
  owner: UserId.make("owner"),
  tenant: "tenant",
  status: "running",
  attempt: 1,
  lost: 0,
  run_at: new Date(0),
  started_at: new Date(1000),
  home: null,
  cancel_requested: null,
  traceparent: null,
  metadata: { ticket: 7 },
  request: {
    ...plainRequest,
    input: { messages: ["a private word"] },
    timeout_seconds: 60,
    webhook: "https://user:password@example.com/hook?token=secret"
  },
  configuration: { ...plainConfiguration, configurable: { thread_id: "thread", note: "a private word" } },
  multitask_strategy: "enqueue",
  tools: null,
  failure: null,
  parent: null,
  created_at: new Date(0),
  updated_at: new Date(0)
}

const endedAt = new Date(5000)
const failure = { error: "ModelError", message: "no" }

describe("a webhook's URL", () => {
  it("is one of the web, of a length that fits anywhere", () => {
    for (
      const url of ["http://example.com", "https://a.example:8443/x?y=z", `https://example.com/${"x".repeat(2028)}`]
    ) {
      assert.isUndefined(webhookProblem(url), url)
    }
    for (const url of ["", "example.com", "/hook", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)"]) {
      assert.isString(webhookProblem(url), url)
    }
    assert.include(webhookProblem(`https://example.com/${"x".repeat(2029)}`), "2048")
  })

  it("is never repeated in what is said about it", () =>
    fc.assert(fc.property(fc.stringMatching(/^[a-z]{12,20}$/), (secret) => {
      for (const url of [`ftp://${secret}/`, secret, `https://x/${secret.repeat(200)}`]) {
        assert.notInclude(webhookProblem(url) ?? "", secret)
      }
      assert.notInclude(webhookHost(`https://${secret}:${secret}@example.com/${secret}?${secret}`), secret)
    })))

  it("shows only its host", () => {
    assert.strictEqual(webhookHost("https://user:word@example.com:8443/path?query"), "example.com:8443")
  })
})

describe("a URL that is refused at sight", () => {
  const refused = (url: string, ...allow: ReadonlyArray<string>) => refusedAtSight(allow, new URL(url)) !== undefined

  it("is this machine or a private address, however it is written", () => {
    for (
      const host of ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.1", "0x7f000001", "10.0.0.1", "[::1]"]
        .concat(["169.254.169.254", "[::ffff:10.0.0.1]", "[fe80::1]", "0.0.0.0"])
    ) assert.isTrue(refused(`http://${host}/`), host)
    for (const host of ["example.com", "1.1.1.1", "[2606:4700::1111]", "localhost.example.com", "10.example.com"]) {
      assert.isFalse(refused(`http://${host}/`), host)
    }
  })

  it("is not one that the operator allows", () => {
    assert.isFalse(refused("http://localhost:81/", "LocalHost"))
    assert.isFalse(refused("http://localhost/", "localhost:80"))
    assert.isFalse(refused("https://10.0.0.1/", "10.0.0.1:443"))
    assert.isFalse(refused("http://[::1]:81/", "[::1]:81"))
    assert.isTrue(refused("http://localhost:81/", "localhost:80"))
    assert.isFalse(isAllowedHost(["127.0.0.1"], "localhost", "80"))
  })
})

describe("what a webhook tells", () => {
  it("is the state that the run's row has after its end", () => {
    const outcomes = [
      [RunOutcome.Completed({ interrupts: {}, waiting: false }), "success"],
      [RunOutcome.Completed({ interrupts: { task: [] }, waiting: true }), "success"],
      [RunOutcome.Cancelled({ action: "interrupt" }), "interrupted"],
      [RunOutcome.Cancelled({ action: "rollback" }), "interrupted"],
      [RunOutcome.TimedOut({ failure }), "timeout"],
      [RunOutcome.Failed({ failure }), "error"]
    ] as const
    for (const [outcome, status] of outcomes) {
      const notice = noticeOf(run, outcome, endedAt)
      assert.strictEqual(notice.status, status, outcome._tag)
      assert.deepStrictEqual(notice.error, "failure" in outcome ? failure : undefined, outcome._tag)
    }
  })

  it("is when it began and ended, and whose it is", () => {
    assert.deepInclude(noticeOf(run, RunOutcome.Cancelled({ action: "interrupt" }), endedAt), {
      run_id: "run",
      thread_id: "thread",
      assistant_id: "assistant",
      metadata: { ticket: 7 },
      created_at: "1970-01-01T00:00:00.000Z",
      run_started_at: "1970-01-01T00:00:01.000Z",
      run_ended_at: "1970-01-01T00:00:05.000Z"
    })
  })

  it("is neither the run's input, nor its configuration, nor the URL itself", () => {
    const told = JSON.stringify(noticeOf(run, RunOutcome.Failed({ failure }), endedAt))
    for (const word of ["private", "secret", "password", "tenant"]) assert.notInclude(told, word)
  })
})

describe("a delivery", () => {
  it("is signed with its time, which can't be changed without the signature's becoming wrong", () => {
    assert.strictEqual(signedText(1_700_000_000, "{\"a\":1}"), "1700000000.{\"a\":1}")
    assert.strictEqual(signatureHeader(1_700_000_000, "abc"), "t=1700000000,v1=abc")
  })

  it("is tried again after every answer but 410", () => {
    for (const status of [301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503]) {
      assert.isFalse(isFinal(status), String(status))
    }
    assert.isTrue(isFinal(410))
  })
})
