import assistants from "./0001_assistants.ts"
import threadsAndRuns from "./0002_threads_and_runs.ts"
import runRenewal from "./0003_run_renewal.ts"
import versionAudience from "./0004_version_audience.ts"
import checkpoints from "./0005_checkpoints.ts"
import durableRuns from "./0006_durable_runs.ts"
import runEvents from "./0007_run_events.ts"
import untouchedThreads from "./0008_untouched_threads.ts"
import contact from "./0009_contact.ts"
import store from "./0010_store.ts"
import crons from "./0011_crons.ts"
import threadLives from "./0012_thread_lives.ts"
import threadRuns from "./0013_thread_runs.ts"
import runRecords from "./0014_run_records.ts"
import agentWatch from "./0015_agent_watch.ts"
import subruns from "./0016_subruns.ts"
import agentSightings from "./0017_agent_sightings.ts"

/** Every migration in its order. One that has been released is never edited: the next one changes what it made. */
export const migrations = {
  "0001_assistants": assistants,
  "0002_threads_and_runs": threadsAndRuns,
  "0003_run_renewal": runRenewal,
  "0004_version_audience": versionAudience,
  "0005_checkpoints": checkpoints,
  "0006_durable_runs": durableRuns,
  "0007_run_events": runEvents,
  "0008_untouched_threads": untouchedThreads,
  "0009_contact": contact,
  "0010_store": store,
  "0011_crons": crons,
  "0012_thread_lives": threadLives,
  "0013_thread_runs": threadRuns,
  "0014_run_records": runRecords,
  "0015_agent_watch": agentWatch,
  "0016_subruns": subruns,
  "0017_agent_sightings": agentSightings
}
