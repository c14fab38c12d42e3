import { Console } from "effect"
import { CliOutput } from "effect/cli"

const effects = CliOutput.defaultFormatter({ colors: process.stdout.isTTY })

const exitCodes = `EXIT CODES
  0    Done, and nothing is wrong
  1    It could not be done, or something is wrong: the output says what
  2    The command line was not understood`

/** Effect's help pages, and what a script wants to know. */
export const formatter: CliOutput.Formatter = {
  ...effects,
  formatHelpDoc: (page) => {
    const description = page.description.replaceAll("\n", "\n  ")
    return `${effects.formatHelpDoc({ ...page, description }).trimEnd()}\n\n${exitCodes}\n`
  }
}

/** Who mistyped is told so in a line or two, on stderr: a whole page would hide it, and stdout may be a script's. */
export const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const told = event.errors.map(({ message }) => `throughline: ${message}`)
    return Console.error([...told, `See: ${event.commandPath.join(" ")} --help`].join("\n"))
  }
}
