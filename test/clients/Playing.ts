import { afterAll, beforeAll, describe, test } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { calm, openReplicas, type Replicas } from "../support/ReplicaServers.ts"
import { type Conversations, converse, type Site } from "./Conversations.ts"
import type { Chat, UseChat } from "./Page.tsx"

const at = (file: string) => new URL(file, import.meta.url).pathname

const server = {
  entry: at("../support/asking-server.ts"),
  env: { LANGGRAPH_CONFIG_PATH: at("../fixtures/graphs/langgraph.json") }
}

/** Plays conversations one after the other on pages that are built on a hook. */
export const playOnPages = <C extends Chat>(title: string, useChat: UseChat<C>, played: Conversations<C>) =>
  describe(title, () => {
    let world: Replicas
    let site: Site
    beforeAll(async () => {
      world = await openReplicas(server)
      site = { ...world, url: (await world.start(calm)).url, assistant: agents.recht }
    })
    afterAll(() => world.stop())
    for (const [name, conversation] of Object.entries(played)) {
      test(name, () => converse(site, useChat, conversation))
    }
  })
