import { Button } from "@mantine/core"
import type { ReactNode } from "react"
import { NavLink, useNavigate } from "react-router"
import { useSession } from "../session/Session.tsx"
import { Moment } from "../words/Moment.tsx"
import { Announcer } from "./Announcer.tsx"
import { Brand } from "./Brand.tsx"
import { SchemeSwitch } from "./SchemeSwitch.tsx"

/** What is around every view: the way to the others, who is looking, and whether what is shown is of now. */
export const Shell = ({ children }: { readonly children: ReactNode }) => {
  const { signOut, staleSince, user } = useSession()
  const navigate = useNavigate()
  const leave = () => {
    signOut()
    void navigate("/")
  }
  return (
    <Announcer>
      <a className="skip" href="#content">Skip to the content</a>
      <header className="bar">
        <Brand />
        <nav aria-label="Views">
          <NavLink to="/" end>Agents</NavLink>
          <NavLink to="/runs">Runs</NavLink>
        </nav>
        <div className="who">
          {user !== null && <span className="user" title={user}>{user}</span>}
          <SchemeSwitch />
          <Button size="compact-sm" variant="default" onClick={leave}>Sign out</Button>
        </div>
      </header>
      {staleSince !== null && (
        <p className="stale" role="status">
          The agents' tables can't be read. What you see, and what runs, is as of{" "}
          <Moment at={staleSince} />. Edits made since then are not in it.
        </p>
      )}
      <main id="content" tabIndex={-1}>{children}</main>
    </Announcer>
  )
}
