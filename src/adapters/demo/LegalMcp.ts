import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { Context, Effect, Layer } from "effect"
import { z } from "zod"
import { findParagraph, type Paragraph, searchLaws } from "./Laws.ts"
import { serveMcp } from "./McpHttp.ts"

const text = (text: string) => ({ content: [{ type: "text" as const, text }] })

const quote = (found: Paragraph) => `§ ${found.paragraph} ${found.law} (${found.title}): ${found.text}`

const server = () => {
  const server = new McpServer({ name: "legal-mcp", version: "1.0.0" })
  server.registerTool("search_laws", {
    description: "Sucht in einer kleinen Auswahl des deutschen Zivilrechts / searches a small selection of German law",
    inputSchema: { query: z.string().describe("Stichwörter oder eine Frage, auf Deutsch") }
  }, ({ query }) => text(searchLaws(query).map(quote).join("\n\n") || `Zu „${query}“ ist nichts in der Sammlung.`))
  server.registerTool("get_paragraph", {
    description: "Gibt den Wortlaut eines Paragraphen / gives the text of one provision",
    inputSchema: { law: z.string().describe("Gesetz, z. B. BGB"), paragraph: z.string().describe("Nummer, z. B. 535") }
  }, ({ law, paragraph }) => {
    const found = findParagraph(law, paragraph)
    return found === undefined
      ? { ...text(`§ ${paragraph} ${law} ist nicht in der Sammlung.`), isError: true }
      : text(quote(found))
  })
  return server
}

export const startLegalMcp = (port = 0) => serveMcp({ server, port })

/** The MCP server `legal-mcp` of Session 72, in small: the real protocol over a handful of paragraphs. */
export class LegalMcp
  extends Context.Service<LegalMcp, { readonly url: string }>()("throughline/adapters/demo/LegalMcp")
{
  static readonly layer = Layer.effect(
    LegalMcp,
    Effect.acquireRelease(Effect.promise(() => startLegalMcp()), (server) => Effect.promise(server.close))
  )
}
