import { assert } from "vitest"
import { type Conversations, talk } from "./Conversations.ts"
import type { BranchingChat } from "./SdkHooks.ts"

const atRest = ({ isLoading }: BranchingChat) => !isLoading

/** What was said is said differently: each version stays, and can be looked at and gone on from. */
export const branches: Conversations<BranchingChat> = {
  "a message is edited, and what stood there before can be seen again": async ({ open, site }) => {
    const page = await open()
    await talk(page, "say:eins")
    await talk(page, "say:zwei")
    page.chat.edit(2, "say:dann drei")
    const edited = await page.sees("the edited message", (chat) => atRest(chat) && chat.messages[3] === "ai: dann drei")
    assert.deepEqual(edited.messages, ["human: say:eins", "ai: eins", "human: say:dann drei", "ai: dann drei"])
    assert.notInclude(JSON.stringify(site.asked("say:dann drei")[0]?.body), "say:zwei", "the model knows nothing of it")
    const versions = edited.versions(2)
    assert.lengthOf(versions.all, 2)
    assert.strictEqual(versions.shown, versions.all[1])
    edited.show(versions.all[0] ?? "")
    const before = await page.sees("the first version", ({ messages }) => messages[3] === "ai: zwei")
    assert.deepEqual(before.messages, ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"])
  },

  "the first message is edited, and an older version can be gone on from, after a reload too": async ({ open }) => {
    const first = await open()
    await talk(first, "say:eins")
    first.chat.edit(0, "say:ganz anders")
    await first.sees("a new start", (chat) => atRest(chat) && chat.messages[1] === "ai: ganz anders")
    assert.deepEqual(first.chat.messages, ["human: say:ganz anders", "ai: ganz anders"])
    await first.close()

    const page = await open({ thread: first.thread })
    await page.sees("the last version", ({ messages }) => messages[1] === "ai: ganz anders")
    const [older = ""] = page.chat.versions(0).all
    page.chat.show(older)
    await page.sees("the older one", ({ messages }) => messages[1] === "ai: eins")
    page.chat.say("say:von hier")
    // The hooks come back to the newest version then, and the older one has got longer.
    await page.sees("the newest", (chat) => atRest(chat) && chat.messages[1] === "ai: ganz anders")
    page.chat.show(older)
    const on = await page.sees("the answer", ({ messages }) => messages.length === 4)
    assert.deepEqual(on.messages, ["human: say:eins", "ai: eins", "human: say:von hier", "ai: von hier"])
  },

  "an answer is made anew": async ({ open, site }) => {
    const page = await open()
    const { messages } = await talk(page, "say:würfle")
    page.chat.regenerate(1)
    await page.sees("two versions", (chat) => atRest(chat) && chat.versions(1).all.length === 2)
    assert.deepEqual(page.chat.messages, messages)
    assert.lengthOf(site.asked("say:würfle"), 2)
    const [first = ""] = page.chat.versions(1).all
    page.chat.show(first)
    await page.sees("the first", (chat) => chat.versions(1).shown === first)
    assert.deepEqual(page.chat.messages, messages)
  },

  "a message is said differently, an answer is made anew, and what came after is gone": async ({ open, site }) => {
    const page = await open()
    await talk(page, "say:vorweg")
    await talk(page, "say:falsch gefragt")
    page.chat.edit(2, "say:besser gefragt")
    const isBetter = (chat: BranchingChat) => atRest(chat) && chat.messages.at(-1) === "ai: besser gefragt"
    await page.sees("the better answer", isBetter)
    await page.close()

    const messages = ["human: say:vorweg", "ai: vorweg", "human: say:besser gefragt", "ai: besser gefragt"]
    const reloaded = await open({ thread: page.thread })
    assert.deepEqual((await reloaded.sees("it again", isBetter)).messages, messages)
    reloaded.chat.regenerate(3)
    await reloaded.sees("it anew", (chat) => isBetter(chat) && site.asked("say:besser gefragt").length === 2)
    assert.notInclude(JSON.stringify(site.asked("say:besser gefragt")), "falsch", "the model knows nothing of it")
    await reloaded.close()

    const last = await open({ thread: page.thread })
    assert.deepEqual((await last.sees("it at last", isBetter)).messages, messages)
    assert.lengthOf((await talk(last, "say:und weiter geht es")).messages, 6)
  }
}
