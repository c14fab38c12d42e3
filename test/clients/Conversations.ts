import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import type { Replicas } from "../support/ReplicaServers.ts"
import { type Chat, openPage, type Page, type UseChat, type Visit } from "./Page.tsx"

/** Where the pages are: a server as a process of its own, as to models this process is a browser. */
export interface Site extends Pick<Replicas, "token" | "clientOf" | "asked" | "until"> {
  readonly url: string
  /** Whom the member talks to. */
  readonly assistant: string
}

export interface Tab<C extends Chat> {
  readonly site: Site
  readonly open: (visit?: Partial<Visit>) => Promise<Page<C>>
}

/** What people do on a chat page, and what they must see: by a name. */
export type Conversations<C extends Chat> = Readonly<Record<string, (tab: Tab<C>) => Promise<void>>>

const atRest = ({ isLoading }: Chat) => !isLoading

/** What was said in words: an answer that was stopped before its first word stays on some pages, behind all others. */
const spoken = ({ messages }: Chat) => messages.filter((message) => message !== "ai: ")

/** Says something and waits for the answer. */
export const talk = async <C extends Chat>(page: Page<C>, text: string, answer = text.replace(/^say:/, "")) => {
  page.chat.say(text)
  return page.sees(`the answer to ${text}`, (chat) => atRest(chat) && spoken(chat).at(-1) === `ai: ${answer}`)
}

export const conversations: Conversations<Chat> = {
  "a first message, and a second one with a tool": async ({ open }) => {
    const page = await open()
    const first = await talk(page, "say:hello there you")
    assert.deepEqual(first.messages, ["human: say:hello there you", "ai: hello there you"])
    assert.isUndefined(first.error)
    assert.deepEqual(first.questions, [])

    const search = "tool:search_laws:{\"query\":\"BGB 573\"}"
    const second = await talk(page, search, "tool said: result for BGB 573")
    assert.deepEqual(second.messages.slice(2), [
      `human: ${search}`,
      "ai: ",
      "tool: result for BGB 573",
      "ai: tool said: result for BGB 573"
    ])
    assert.match(second.toolCalls.join(), /^search_laws: (completed|finished)$/)
  },

  "the words of an answer come one by one": async ({ open }) => {
    const page = await open()
    page.chat.say("slow:2800:eins zwei drei vier")
    await page.sees("the whole answer", (chat) => atRest(chat) && chat.messages.at(-1) === "ai: eins zwei drei vier")
    const answers = page.seen.map(({ messages }) => messages[1])
    assert.includeMembers(answers, ["ai: eins ", "ai: eins zwei ", "ai: eins zwei drei "])
  },

  "a question to the person waits, over a reload as well, and the answer goes on": async ({ open }) => {
    const page = await open()
    const asking = "tool:ask:{\"question\":\"Kündigen?\"}"
    page.chat.say(asking)
    const isAsked = (chat: Chat) => atRest(chat) && chat.questions.length > 0
    const asked = await page.sees("the question", isAsked)
    assert.deepEqual(asked.questions, [{ question: "Kündigen?" }])
    assert.deepEqual(asked.messages, [`human: ${asking}`, "ai: "])
    await page.close()

    const reloaded = await open({ thread: page.thread })
    const again = await reloaded.sees("the question again", isAsked)
    assert.deepEqual(again.questions, [{ question: "Kündigen?" }])
    again.answer("ja")
    const done = await reloaded.sees("the end", (chat) => atRest(chat) && chat.messages.length === 4)
    assert.deepEqual(done.messages.slice(2), ["tool: answered \"ja\"", "ai: tool said: answered \"ja\""])
    assert.deepEqual(done.questions, [])
    assert.isUndefined(done.error)
    await talk(reloaded, "say:und weiter")
  },

  "an answer that is stopped ends at the model too, and the talk goes on": async ({ open, site }) => {
    const page = await open()
    const endless = "slow:60000:eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
    const { runs } = site.clientOf(site.url, "member")
    page.chat.say(endless)
    await page.sees("the run", ({ messages }) => messages.length > 0 && site.asked(endless).length === 1)
    page.chat.stop()
    const stopped = await page.sees("the stop", atRest)
    assert.isUndefined(stopped.error)
    assert.strictEqual(stopped.messages[0], `human: ${endless}`)
    await site.until("the run has ended", async () => (await runs.list(page.thread))[0]?.status === "interrupted")
    await site.until("the model was hung up on", () => site.asked(endless)[0]?.aborted)
    const on = await talk(page, "say:dann eben nicht")
    assert.deepEqual(spoken(on), [`human: ${endless}`, "human: say:dann eben nicht", "ai: dann eben nicht"])
    assert.deepEqual(on.questions, [])
  },

  "a page that is reloaded in the middle of an answer sees it through": async ({ open, site }) => {
    const page = await open()
    await talk(page, "say:zuvor")
    const long = "slow:8000:eins zwei drei vier fünf sechs sieben acht"
    page.chat.say(long)
    await page.sees("the first words", ({ messages }) => messages[3]?.startsWith("ai: eins") ?? false)
    await page.close()

    const reloaded = await open({ thread: page.thread })
    await reloaded.sees(
      "words that come in",
      (chat) => chat.isLoading && chat.messages[3]?.startsWith("ai: eins") === true
    )
    const done = await reloaded.sees(
      "the end",
      (chat) => atRest(chat) && chat.messages.at(-1)?.endsWith("acht") === true
    )
    assert.deepEqual(done.messages, [
      "human: say:zuvor",
      "ai: zuvor",
      `human: ${long}`,
      "ai: eins zwei drei vier fünf sechs sieben acht"
    ])
    assert.lengthOf(site.asked(long), 1, "the model was asked once")
    await talk(reloaded, "say:danach")
  },

  "a page that is opened later shows what was said": async ({ open }) => {
    const page = await open()
    await talk(page, "say:eins")
    const { messages } = await talk(page, "say:zwei")
    await page.close()
    const later = await open({ thread: page.thread })
    const shown = await later.sees("the history", (chat) => atRest(chat) && chat.messages.length === 4)
    assert.deepEqual(shown.messages, messages)
    assert.isUndefined(shown.error)
    assert.deepEqual(shown.questions, [])
    assert.deepEqual((await talk(later, "say:drei")).messages.slice(0, 4), messages)
  },

  "a graph of the team's own asks, and goes on with the answer": async ({ open }) => {
    const page = await open({ assistant: "hitl" })
    page.chat.begin({ question: "ok?" })
    const isAsked = (chat: Chat) => atRest(chat) && chat.questions.length > 0
    assert.deepEqual((await page.sees("the question", isAsked)).questions, [{ ask: "ok?" }])
    page.chat.answer("yes")
    const done = await page.sees("the end", (chat) => atRest(chat) && chat.values["answer"] === "yes")
    assert.deepEqual(done.questions, [])
    const { messages: _, ...values } = done.values
    assert.deepEqual(values, { question: "ok?", answer: "yes", log: ["prepare", "ask"] })
  },

  "a model that fails is told, and the talk goes on": async ({ open }) => {
    const page = await open()
    page.chat.say("fail:400")
    const failed = await page.sees("the failure", (chat) => atRest(chat) && chat.error !== undefined)
    assert.match(failed.error ?? "", /told to fail with 400/)
    await talk(page, "say:nun aber")
    await page.sees("no failure any more", (chat) => atRest(chat) && chat.error === undefined)
  },

  "somebody else's thread is not there, whoever has its id": async ({ open, site }) => {
    const page = await open()
    await talk(page, "say:unter uns")
    const stranger = await open({ person: "otherOrganisation", assistant: agents.expose, thread: page.thread })
    assert.deepEqual((await stranger.sees("that there is nothing", atRest)).messages, [])
    stranger.chat.say("say:hinein")
    await stranger.sees("a refusal", (chat) => atRest(chat) && chat.error?.includes("404") === true)
    assert.lengthOf(site.asked("say:hinein"), 0)

    const own = await open({ person: "otherOrganisation", assistant: agents.expose })
    await talk(own, "say:bei uns")
    await talk(own, "say:und nochmal")
    assert.lengthOf((await talk(page, "say:wie zuvor")).messages, 4, "nobody has put anything between")
  }
}

/** Lets somebody have their conversation, and closes the pages that they have opened. */
export const converse = async <C extends Chat>(
  site: Site,
  useChat: UseChat<C>,
  conversation: Conversations<C>[string]
): Promise<void> => {
  const pages: Array<Page<C>> = []
  const open = async (visit: Partial<Visit> = {}) => {
    const page = await openPage(useChat, site, { assistant: site.assistant, ...visit })
    pages.push(page)
    return page
  }
  try {
    await conversation({ site, open })
  } finally {
    await Promise.all(pages.map((page) => page.close()))
  }
}
