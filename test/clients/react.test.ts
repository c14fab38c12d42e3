import { assert } from "vitest"
import { type Conversations, conversations, talk } from "./Conversations.ts"
import type { Chat } from "./Page.tsx"
import { playOnPages } from "./Playing.ts"
import { useReact } from "./ReactHook.ts"

const forks: Conversations<Chat> = {
  "what was said is said better: the answer to it is gone, here as with LangGraph's own server": async (
    { open, site }
  ) => {
    const page = await open()
    await talk(page, "say:vorweg")
    await talk(page, "say:falsch gefragt")
    page.chat.edit(2, "say:besser gefragt")
    const isBetter = ({ isLoading, messages }: Chat) => !isLoading && messages.at(-1) === "ai: besser gefragt"
    await page.sees("the better answer", isBetter)
    await page.close()
    const reloaded = await open({ thread: page.thread })
    const { messages } = await reloaded.sees("it again", isBetter)
    // The hook forks from where it saw the message first, and that is with it: no server can know better.
    assert.notInclude(messages, "ai: falsch gefragt")
    assert.notInclude(JSON.stringify(site.asked("say:besser gefragt")), "\"falsch gefragt")
  }
}

playOnPages("a page on useStream of @langchain/react 1.1.0", useReact, { ...conversations, ...forks })
