/** What either side of the comparison is asked, and what it must answer. */
export const question = { messages: [{ role: "user", content: "Wer zahlt die Reparatur der Heizung?" }] }
export const firstWords = "Ich sehe im Gesetz nach."
export const answer = "Der Vermieter zahlt sie: Er hat die Wohnung in einem Zustand zu erhalten, der sich zum "
  + "vertragsgemäßen Gebrauch eignet. Kleine Reparaturen kann der Mietvertrag dem Mieter auferlegen."

/** Answering in tokens, as a chat page reads it, or all at once. */
export type Way = "stream" | "wait"

/** In ms from the request on; who waits for the whole has no first token. */
export interface Timing {
  readonly firstToken: number | null
  readonly completion: number
}

/** `count` turns, at each moment `atOnce` of them under way. */
export const load = async (count: number, atOnce: number, turn: (index: number) => Promise<Timing>) => {
  const timings: Array<Timing> = []
  let next = 0
  const worker = async () => {
    while (next < count) timings.push(await turn(next++))
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { timings, seconds: (performance.now() - started) / 1000 }
}

export type Load = Awaited<ReturnType<typeof load>>
