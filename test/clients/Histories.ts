import { assert } from "vitest"
import { type Conversations, talk } from "./Conversations.ts"
import type { BranchingChat } from "./SdkHooks.ts"

const atRest = ({ isLoading }: BranchingChat) => !isLoading

/**
 * Where we say under which `Location` a stream goes on, which LangGraph's server does not, the newer SDK asks at its end
 * whether the run has ended too.
 */
const whetherItHasEnded = "GET /threads/{id}/runs/{id}"

/** What the SDKs' hooks read of a thread, and when. */
export const histories: Conversations<BranchingChat> = {
  "a page asks what it asks LangGraph's own server, and no more": async ({ open, site }) => {
    const page = await open()
    /** What comes too much is there the next time. */
    const asks = async ({ requests, sees }: typeof page, ...expected: ReadonlyArray<string>) => {
      const asked = () => requests.filter((request) => request !== whetherItHasEnded)
      await sees(`that it asks ${expected.join(", ")}`, () => asked().length >= expected.length)
      assert.deepEqual(asked(), expected)
      requests.splice(0)
    }
    await talk(page, "say:hello there you")
    await asks(page, "POST /threads", "POST /threads/{id}/runs/stream", "POST /threads/{id}/history")
    await talk(page, "tool:search_laws:{\"query\":\"x\"}", "tool said: result for x")
    await asks(page, "POST /threads/{id}/runs/stream", "POST /threads/{id}/history")
    page.chat.say("slow:50000:eins zwei")
    await page.sees("the run", () => site.asked("slow:50000:eins zwei").length === 1)
    page.chat.stop()
    await page.sees("the stop", atRest)
    const cancel = "POST /threads/{id}/runs/{id}/cancel?wait=0&action=interrupt"
    await page.sees("that it asks for the stop", () => page.requests.includes(cancel))
    await page.close()
    // Whoever comes back sooner sees the thread as the run was about to leave it.
    const { threads } = site.clientOf(site.url, "member")
    await site.until("the run has stopped", async () => (await threads.get(page.thread)).status !== "busy")
    const reloaded = await open({ thread: page.thread })
    await reloaded.sees("the history", ({ messages }) => messages.length > 0)
    await asks(reloaded, "POST /threads/{id}/history")
    const { questions } = await reloaded.sees("where it was stopped", ({ questions }) => questions.length > 0)
    assert.deepEqual(questions, ["breakpoint"], "where it was stopped it can be gone on from")
  },

  "what a page could not read or do stands there after a reload as well": async ({ open }) => {
    const page = await open()
    page.chat.say("fail:400")
    await page.sees("the failure", (chat) => atRest(chat) && chat.error !== undefined)
    await page.close()
    const reloaded = await open({ thread: page.thread })
    const still = await reloaded.sees("the failure again", (chat) => atRest(chat) && chat.error !== undefined)
    assert.match(still.error ?? "", /told to fail with 400/)
    assert.isUndefined((await talk(reloaded, "say:nun aber")).error)
    const stranger = await open({ person: "otherOrganisation", thread: page.thread })
    await stranger.sees("a refusal", ({ error }) => error?.includes("404") === true)
  }
}
