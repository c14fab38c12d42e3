import { assert } from "vitest"
import { said } from "../support/Conversation.ts"
import { type Conversations, type Site, talk } from "./Conversations.ts"
import type { BranchingChat } from "./SdkHooks.ts"

/** Its list of threads: by the assistant, or by the graph where no id of an assistant was entered. */
const listed = (site: Site, person: "member" | "otherOrganisation", metadata: Readonly<Record<string, string>>) =>
  site.clientOf(site.url, person).threads.search({ metadata, limit: 100 })

const idOf = ({ thread_id }: { readonly thread_id: string }) => thread_id

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
  }
}
