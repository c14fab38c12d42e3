export type Provider = "openai" | "anthropic" | "google"

export interface ModelName {
  readonly provider: Provider
  readonly model: string
}

const providers: Readonly<Record<string, Provider>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "google",
  google_genai: "google",
  "google-genai": "google"
}

/** Families of models that say by their names whose they are. */
const families: ReadonlyArray<readonly [RegExp, Provider]> = [
  [/^(gpt-|chatgpt-|o\d)/, "openai"],
  [/^claude/, "anthropic"],
  [/^gemini/, "google"]
]

/** `provider:model`, or a bare name that tells its provider. With an endpoint of one's own, any name is OpenAI-compatible. */
export const parseModelName = (name: string, hasEndpoint: boolean): ModelName | undefined => {
  const colon = name.indexOf(":")
  const prefix = name.slice(0, Math.max(colon, 0)).toLowerCase(), rest = name.slice(colon + 1)
  const named = providers[prefix]
  if (named !== undefined && rest !== "") return { provider: named, model: rest }
  if (hasEndpoint) return { provider: "openai", model: prefix === "custom" ? rest : name }
  const family = families.find(([pattern]) => pattern.test(name))
  return family === undefined ? undefined : { provider: family[1], model: name }
}
