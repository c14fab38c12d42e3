import type { KeyOrigin } from "../../../src/domain/EffectiveConfig.ts"

/** Whose word a value is. */
export const originWords: Readonly<Record<KeyOrigin, string>> = {
  default: "graph's default",
  assistant: "agent",
  header: "request header",
  request: "request",
  server: "server"
}

export const originText = (origin: KeyOrigin | string): string =>
  Object.entries(originWords).find(([name]) => name === origin)?.[1] ?? origin
