import { Page } from "../shell/Page.tsx"
import { Section } from "../shell/Section.tsx"
import { RecentRuns } from "./RecentRuns.tsx"

const RunsPage = () => (
  <Page title="Runs">
    <Section title="Your runs, newest first">
      <RecentRuns size={25} />
    </Section>
  </Page>
)

export default RunsPage
