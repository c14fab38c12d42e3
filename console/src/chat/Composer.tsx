import { Button, Textarea } from "@mantine/core"
import { type FormEvent, type KeyboardEvent, useState } from "react"

interface ComposerProps {
  readonly answering: boolean
  readonly onSay: (text: string) => void
  readonly onStop: () => void
}

export const Composer = ({ answering, onSay, onStop }: ComposerProps) => {
  const [text, setText] = useState("")
  const send = () => {
    if (text.trim() === "" || answering) return
    onSay(text)
    setText("")
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form
      className="composer"
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        send()
      }}
    >
      <Textarea
        label="Message"
        description="Enter sends, Shift and Enter begins a new line."
        rows={2}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <div className="composer-actions">
        <Button type="submit" disabled={answering || text.trim() === ""}>Send</Button>
        {answering && <Button type="button" variant="default" onClick={onStop}>Stop</Button>}
      </div>
    </form>
  )
}
