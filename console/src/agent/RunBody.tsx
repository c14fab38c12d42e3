import { Button, Textarea } from "@mantine/core"
import { useState } from "react"

const example = `{"config": {"configurable": {"temperature": 0}}}`

/** An object, or in words why it is none. */
const parsed = (text: string): object | string => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value
      : `A run's body is an object, such as ${example}.`
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** For the question "what if a run said …": nothing is run. */
export const RunBody = ({ onBody }: { readonly onBody: (body: object | null) => void }) => {
  const [text, setText] = useState("")
  const [problem, setProblem] = useState<string | null>(null)

  const apply = (text: string) => {
    const body = text.trim() === "" ? null : parsed(text)
    setProblem(typeof body === "string" ? body : null)
    if (typeof body !== "string") onBody(body)
  }

  return (
    <details className="what-if">
      <summary>What if a run brings something of its own?</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          apply(text)
        }}
      >
        <Textarea
          label="A run's body"
          description="As it would be sent to the server. Nothing is run: the table above shows what would be in force."
          placeholder={example}
          rows={3}
          spellCheck={false}
          value={text}
          error={problem}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <div className="composer-actions">
          <Button type="submit" size="compact-md" variant="default">Show</Button>
          <Button
            type="button"
            size="compact-md"
            variant="default"
            onClick={() => {
              setText("")
              apply("")
            }}
          >
            Without it
          </Button>
        </div>
      </form>
    </details>
  )
}
