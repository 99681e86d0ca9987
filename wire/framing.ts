// Frames and socket messages alone, without the schemas: what the publisher needs from its first moment on. Loading the
// schemas costs more processor time than a publisher at 60m has in its first second.
export { BackOff, type BackOffLimits } from "./src/back-off.ts";
export { classByNumber } from "./src/decode-event.ts";
export { EventEncoder } from "./src/encode-event.ts";
export { classNumbers, type EventClass, type InventoryEvent, inventoryColumns } from "./src/event-classes.ts";
export { Fault, type FaultCode, type Result } from "./src/faults.ts";
export {
  decodeFrame,
  encodeFrame,
  type FrameHeader,
  frameMagic,
  frameVersion,
  oldestFrameVersion,
  rings,
} from "./src/frame.ts";
export { type InventoryKind, inventoryKinds, inventoryServiceAccount } from "./src/inventory-kinds.ts";
export { limits } from "./src/limits.ts";
export type { PartMessage } from "./src/part-message.ts";
export type { Resume } from "./src/resume.ts";
export {
  decodeAck,
  encodeAck,
  encodeMessage,
  MessageReader,
  messageKinds,
  type SocketMessage,
} from "./src/socket-message.ts";
