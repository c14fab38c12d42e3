import { Context } from "effect"

/** A collision-free digest of a text, the same on every replica. */
export class ContentDigest extends Context.Service<ContentDigest, {
  readonly digest: (text: string) => string
}>()("throughline/ports/ContentDigest") {}
