import { isPrivateAddress } from "./Outbound.ts"

const withoutBrackets = (host: string) => host.replace(/^\[|\]$/g, "").toLowerCase()

const isV6 = (host: string) => host.includes(":")

const isV4 = (host: string) => /^\d+\.\d+\.\d+\.\d+$/.test(host)

/** Whether `OUTBOUND_ALLOW` names a host. An entry without a port allows every port; an IPv6 one with one has brackets. */
export const isAllowedHost = (allow: ReadonlyArray<string>, host: string, port: string): boolean => {
  const plain = withoutBrackets(host)
  return allow.some((entry) => {
    const wanted = entry.trim().toLowerCase()
    return withoutBrackets(wanted) === plain || wanted === `${isV6(plain) ? `[${plain}]` : plain}:${port}`
  })
}

/**
 * Why a URL will be refused, where that can be told without asking for its name's address: a private address written
 * out, or this machine. What a name leads to is known only at the connection.
 */
export const refusedAtSight = (allow: ReadonlyArray<string>, { hostname, port, protocol }: URL): string | undefined => {
  if (isAllowedHost(allow, hostname, port || (protocol === "https:" ? "443" : "80"))) return undefined
  const host = withoutBrackets(hostname).replace(/\.$/, "")
  if (host === "localhost" || host.endsWith(".localhost")) return "it is this machine"
  return (isV4(host) || isV6(host)) && isPrivateAddress(host) ? "it is a private address" : undefined
}
