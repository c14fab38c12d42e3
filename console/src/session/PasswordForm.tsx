import { Button, PasswordInput, TextInput } from "@mantine/core"
import { useMutation } from "@tanstack/react-query"
import { useState } from "react"
import type { PasswordSignIn } from "../answers.ts"
import { openApi } from "../api.ts"
import { Problem } from "../shell/Problem.tsx"

interface PasswordFormProps {
  readonly place: PasswordSignIn
  readonly onToken: (token: string) => void
}

/** With what people sign in with elsewhere in the team's product. */
export const PasswordForm = ({ onToken, place }: PasswordFormProps) => {
  const [email, setEmail] = useState("")
  const [password, setPassword] = useState("")
  const ask = useMutation({ mutationFn: () => openApi.tokenFor(place, email, password), onSuccess: onToken })
  return (
    <form
      className="panel"
      aria-labelledby="password"
      onSubmit={(event) => {
        event.preventDefault()
        ask.mutate()
      }}
    >
      <h2 id="password">With your password</h2>
      <TextInput
        label="E-mail address"
        type="email"
        autoComplete="username"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {ask.error !== null && <Problem error={ask.error} what="The sign-in" />}
      <Button type="submit" loading={ask.isPending}>Sign in</Button>
    </form>
  )
}
