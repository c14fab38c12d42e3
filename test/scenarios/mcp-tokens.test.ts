import { play } from "../support/Scenarios.ts"
import { allowedAddresses, callersTokens, privateAddresses } from "./CallersTokens.ts"

play("callers' tokens", callersTokens)
play("callers' addresses", privateAddresses)
play("callers' addresses that are allowed", allowedAddresses, { env: { OUTBOUND_ALLOW: "127.0.0.1" } })
