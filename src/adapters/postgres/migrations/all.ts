import assistants from "./0001_assistants.ts"
import threadsAndRuns from "./0002_threads_and_runs.ts"
import runRenewal from "./0003_run_renewal.ts"
import versionAudience from "./0004_version_audience.ts"

/** Every migration in its order. One that has been released is never edited: the next one changes what it made. */
export const migrations = {
  "0001_assistants": assistants,
  "0002_threads_and_runs": threadsAndRuns,
  "0003_run_renewal": runRenewal,
  "0004_version_audience": versionAudience
}
