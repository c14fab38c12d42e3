import { startLegalMcp } from "../../src/adapters/demo/LegalMcp.ts"
import { type ChatRequest, type Reply, serveChat } from "../../src/adapters/demo/OpenAiProtocol.ts"
import { answer, firstWords } from "./Turn.ts"

/** A turn of two calls: some words and a tool, then the answer. At once, so that what is measured is not the model. */
const reply = ({ messages }: ChatRequest): Reply =>
  messages.at(-1)?.role === "tool"
    ? { text: answer }
    : { text: firstWords, calls: [{ name: "search_laws", arguments: JSON.stringify({ query: "Miete" }) }] }

const model = await serveChat({ reply })
const mcp = await startLegalMcp()
process.send?.({ modelUrl: model.url, mcpUrl: mcp.url })
process.once("disconnect", () => process.exit())
