import { Button, PasswordInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { type FormEvent, useEffect, useRef, useState } from "react"
import { useLocation } from "react-router"
import { openApi } from "../api.ts"
import { Brand } from "../shell/Brand.tsx"
import { Problem } from "../shell/Problem.tsx"
import { PasswordForm } from "./PasswordForm.tsx"
import { People } from "./People.tsx"
import { useSessionState } from "./Session.tsx"

const once = { staleTime: Infinity, refetchOnWindowFocus: false }

export const SignInPage = () => {
  const { notice, signIn } = useSessionState()
  const location = useLocation()
  const heading = useRef<HTMLHeadingElement>(null)
  const [token, setToken] = useState("")
  const people = useQuery({ queryKey: ["people"], queryFn: openApi.people, ...once })
  const place = useQuery({ queryKey: ["passwordSignIn"], queryFn: openApi.passwordSignIn, ...once })

  const wasSentHere = notice !== null || location.key !== "default"
  useEffect(() => {
    if (wasSentHere) heading.current?.focus()
  }, [wasSentHere])

  const paste = (event: FormEvent) => {
    event.preventDefault()
    const given = token.trim().replace(/^bearer\s+/i, "")
    if (given !== "") signIn(given)
  }

  return (
    <main className="sign-in">
      <title>Sign in · Throughline</title>
      <Brand />
      <h1 ref={heading} tabIndex={-1}>Sign in</h1>
      <p className="lead">See what each agent is made of, what its runs really got, and why.</p>
      {notice !== null && <p role="alert" className="notice">{notice}</p>}
      {people.error !== null && <Problem error={people.error} what="The sign-in page" />}
      {people.data !== undefined && people.data.length > 0 && <People people={people.data} onChoose={signIn} />}
      {place.data != null && <PasswordForm place={place.data} onToken={signIn} />}
      <form onSubmit={paste} className="panel" aria-labelledby="paste">
        <h2 id="paste">With a token</h2>
        <PasswordInput
          label="Supabase access token"
          description="It stays in this tab, and is forgotten when you close it."
          value={token}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setToken(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the token", tabIndex: 0 }}
        />
        <Button type="submit">Sign in</Button>
      </form>
    </main>
  )
}
