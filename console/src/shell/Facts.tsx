import type { ReactNode } from "react"

/** What is known, by name. Facts that do not hold are left out. */
export const Facts = (
  { facts }: { readonly facts: ReadonlyArray<readonly [name: string, value: ReactNode] | null> }
) => (
  <dl className="facts">
    {facts.filter((fact) => fact !== null).map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
