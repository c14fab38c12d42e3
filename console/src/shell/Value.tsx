import type { Json } from "../../../src/domain/Json.ts"

const short = 90

/** A value as it stands in the configuration; a long one is folded to its beginning. */
export const Value = ({ value }: { readonly value: Json | undefined }) => {
  if (value === undefined) return <span className="note">absent</span>
  const text = typeof value === "string" ? value : JSON.stringify(value)
  if (text.length <= short && !text.includes("\n")) return <code className="value">{text === "" ? "“”" : text}</code>
  const flat = text.replaceAll(/\s+/g, " ")
  return (
    <details className="fold">
      <summary>
        <code className="value">{flat.length > short ? `${flat.slice(0, short)}…` : flat}</code>
      </summary>
      <pre tabIndex={0} role="group" aria-label="The whole value">
        {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
      </pre>
    </details>
  )
}
