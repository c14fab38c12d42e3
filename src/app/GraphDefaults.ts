import { Layer } from "effect"
import { createHash } from "node:crypto"
import { AssistantId } from "../domain/Assistant.ts"
import { graphNamespace } from "../domain/AssistantId.ts"
import { ContentDigest } from "../ports/ContentDigest.ts"
import { GraphDefaults } from "../ports/GraphDefaults.ts"

/** RFC 9562, version 5: the name hashed in its namespace. */
const uuidV5 = (name: string, namespace: string): string => {
  const hash = createHash("sha1").update(Buffer.from(namespace.replaceAll("-", ""), "hex")).update(name).digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-")
}

export const graphDefaults = (graphs: ReadonlyArray<string>) =>
  Layer.succeed(
    GraphDefaults,
    new Map(graphs.map((graph) => [graph, AssistantId.make(uuidV5(graph, graphNamespace))]))
  )

export const sha256 = Layer.succeed(ContentDigest, {
  digest: (text) => createHash("sha256").update(text).digest("base64url")
})
