import { type Checkpoint, Client } from "@langchain/langgraph-sdk"
import { assert } from "vitest"
import { messagesOf, said } from "../support/Conversation.ts"
import { type Conversations, type Site, talk } from "./Conversations.ts"
import type { BranchingChat } from "./SdkHooks.ts"

/** Its list of threads: by the assistant, or by the graph where no id of an assistant was entered. */
const listed = (site: Site, person: "member" | "otherOrganisation", metadata: Readonly<Record<string, string>>) =>
  site.clientOf(site.url, person).threads.search({ metadata, limit: 100 })

const idOf = ({ thread_id }: { readonly thread_id: string }) => thread_id

/** Its client: a token can be entered as an API key only. */
const clientOf = ({ token, url }: Site) => new Client({ apiUrl: url, apiKey: token("member") })

/** Sends as its hook does, and waits until nothing more comes. */
const streamedOn = (site: Site, thread: string, assistant = site.assistant) => {
  const { runs, threads } = clientOf(site)
  return async (
    input: Readonly<Record<string, unknown>> | null,
    from: { readonly checkpoint?: Checkpoint; readonly command?: { readonly resume: unknown } } = {}
  ) => {
    const frames = runs.stream(thread, assistant, {
      ...(input && { input }),
      ...from,
      streamMode: ["values", "messages-tuple", "custom"],
      streamSubgraphs: true,
      streamResumable: from.command === undefined,
      onDisconnect: from.command === undefined ? "continue" : "cancel"
    })
    for await (const { data, event } of frames) assert.notStrictEqual(event, "error", JSON.stringify(data))
    const history = await threads.getHistory(thread, { limit: 10 })
    return { history, said: said(history[0]?.values) }
  }
}

type Shown = Awaited<ReturnType<ReturnType<typeof streamedOn>>>

/** From before the n-th message was there: where an edit or a second try begins. */
const before = ({ history }: Shown, message: number) => {
  const ids = (values: unknown) => messagesOf(values).map(({ id }) => id)
  const wanted = ids(history[0]?.values)[message]
  const first = history.findLast(({ values }) => ids(values).includes(wanted))
  return { checkpoint: first?.parent_checkpoint ?? assert.fail(`nothing is known of message ${message}`) }
}

/** As its input field writes a message. */
const typed = (text: string, ...files: ReadonlyArray<object>) => ({
  messages: [{ id: crypto.randomUUID(), type: "human", content: [{ type: "text", text }, ...files] }]
})

const pdf = { type: "file", mimeType: "application/pdf", data: "JVBERi0=", metadata: { filename: "vertrag.pdf" } }

/** What LangChain's Agent Chat UI asks for beside its hook, which is the SDK's. */
export const agentChatUi: Conversations<BranchingChat> = {
  "Agent Chat UI finds the server and lists the threads with what was said, a person's own": async ({ open, site }) => {
    assert.strictEqual((await fetch(`${site.url}/info`)).status, 200, "it asks before anybody has signed in")
    const withAgent = await open()
    await talk(withAgent, "say:mit der Agentin")
    const withGraph = await open({ assistant: "agent" })
    await talk(withGraph, "say:mit dem Graphen")
    for (
      const [page, metadata] of [[withAgent, { assistant_id: site.assistant }], [withGraph, {
        graph_id: "agent"
      }]] as const
    ) {
      const thread = (await listed(site, "member", metadata)).find(({ thread_id }) => thread_id === page.thread)
      assert.deepEqual(said(thread?.values), page.chat.messages)
      assert.notInclude((await listed(site, "otherOrganisation", metadata)).map(idOf), page.thread)
    }
  },

  "Agent Chat UI with a token as its API key: two messages, a file, an edit, a second try, a question": async (
    { site }
  ) => {
    const { thread_id } = await clientOf(site).threads.create()
    const send = streamedOn(site, thread_id)
    await send(typed("say:eins"))
    const two = await send(typed("say:zwei", pdf))
    assert.deepEqual([two.said[1], two.said[3]], ["ai: eins", "ai: zwei"])
    assert.include(JSON.stringify(site.asked("vertrag.pdf")), "data:application/pdf;base64,JVBERi0=")
    const edited = await send({ messages: [{ type: "human", content: "say:viel genauer" }] }, before(two, 2))
    assert.deepEqual(edited.said.slice(2), ["human: say:viel genauer", "ai: viel genauer"])
    const again = await send(null, before(edited, 3))
    assert.deepEqual(again.said, edited.said)
    assert.lengthOf(site.asked("say:viel genauer"), 2)

    const asking = await send(typed("tool:ask:{\"question\":\"Kündigen?\"}"))
    assert.deepEqual(asking.history[0]?.tasks[0]?.interrupts[0]?.value, { question: "Kündigen?" })
    const resume = { decisions: [{ type: "approve" }] }
    const answered = await send({}, { command: { resume }, checkpoint: asking.history[0]?.checkpoint ?? assert.fail() })
    assert.match(answered.said.at(-1) ?? "", /answered .*approve/)
  }
}
