import { Fault, type FaultCode, faultCodes } from "@atalaya/wire";

/** A Fault as it travels between threads: structured clones of errors lose their class and facts. */
export type FaultMessage = {
  code: FaultCode;
  message: string;
  facts: Readonly<Record<string, string | number | boolean>>;
};

export function packFault(fault: Fault): FaultMessage {
  return { code: fault.code, message: fault.message, facts: fault.facts };
}

export function unpackFault(packed: FaultMessage): Fault {
  return new Fault(
    Object.hasOwn(faultCodes, packed.code) ? packed.code : "STORE_UNREACHABLE",
    packed.message,
    packed.facts,
  );
}
