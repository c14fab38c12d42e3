import { tool } from "@langchain/core/tools"
import { ChatOpenAI } from "@langchain/openai"
import { createAgent } from "langchain"
import { z } from "zod"

const searchLaws = tool(({ query }) => `result for ${query}`, {
  name: "search_laws",
  description: "Searches the law",
  schema: z.object({ query: z.string() })
})

/** What our `agent` is by default, with the tool that its world has: the same library, the same model. */
export const graph = createAgent({
  model: new ChatOpenAI({ model: "gpt-4o", temperature: 0.7, maxTokens: 4000, maxRetries: 2 }),
  tools: [searchLaws],
  systemPrompt: "You are a helpful assistant."
})
