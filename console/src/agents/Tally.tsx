import { StateMark } from "./StateMark.tsx"

interface TallyProps {
  readonly ok: number
  readonly warning: number
  readonly broken: number
}

/** How many of those shown are how. */
export const Tally = ({ broken, ok, warning }: TallyProps) => (
  <ul className="tally">
    <li>
      <StateMark state="ok" /> {ok} in order
    </li>
    {warning > 0 && (
      <li>
        <StateMark state="warning" /> {warning} with warnings
      </li>
    )}
    {broken > 0 && (
      <li>
        <StateMark state="broken" /> {broken} broken
      </li>
    )}
  </ul>
)
