import { Loader } from "@mantine/core"
import { lazy, Suspense } from "react"
import { Route, Routes, useLocation } from "react-router"
import { AgentsPage } from "./agents/AgentsPage.tsx"
import { useSessionState } from "./session/Session.tsx"
import { SignInPage } from "./session/SignInPage.tsx"
import { Boundary } from "./shell/Boundary.tsx"
import { NotFound } from "./shell/NotFound.tsx"
import { Shell } from "./shell/Shell.tsx"

const AgentPage = lazy(() => import("./agent/AgentPage.tsx"))
const RunsPage = lazy(() => import("./run/RunsPage.tsx"))
const RunPage = lazy(() => import("./run/RunPage.tsx"))

/** Whoever is not signed in is asked to, at whatever address; afterwards that is where they are. */
export const App = () => {
  const { session } = useSessionState()
  const { pathname } = useLocation()
  if (session === null) return <SignInPage />
  return (
    <Shell>
      <Boundary key={pathname}>
        <Suspense fallback={<Loader size="sm" aria-label="Loading the page" />}>
          <Routes>
            <Route index element={<AgentsPage />} />
            <Route path="agents/:assistant" element={<AgentPage />} />
            <Route path="runs" element={<RunsPage />} />
            <Route path="threads/:thread/runs/:run" element={<RunPage />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </Boundary>
    </Shell>
  )
}
