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
    const asked = () => page.requests.splice(0).filter((request) => request !== whetherItHasEnded)
    await talk(page, "say:hello there you")
    assert.deepEqual(asked(), ["POST /threads", "POST /threads/{id}/runs/stream", "POST /threads/{id}/history"])
    await talk(page, "tool:search_laws:{\"query\":\"x\"}", "tool said: result for x")
    assert.deepEqual(asked(), ["POST /threads/{id}/runs/stream", "POST /threads/{id}/history"])
    page.chat.say("slow:50000:eins zwei")
    await page.sees("the run", () => site.asked("slow:50000:eins zwei").length === 1)
    page.chat.stop()
    await page.sees("the stop", atRest)
    const stopped = asked()
    assert.include(stopped, "POST /threads/{id}/runs/{id}/cancel?wait=0&action=interrupt")
    await page.close()
    const reloaded = await open({ thread: page.thread })
    await reloaded.sees("the history", ({ messages }) => messages.length > 0)
    assert.deepEqual(reloaded.requests, ["POST /threads/{id}/history"])
    assert.deepEqual(reloaded.chat.questions, ["breakpoint"], "where it was stopped it can be gone on from")
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
