import type { RecordCounts } from "@atalaya/audit";
import type { ApiEvent, AtalayaEvent, Frame } from "@atalaya/wire";
import type { SenderIdentity } from "../hub-core.ts";
import type { EvaluatorPool } from "./evaluator-pool.ts";
import type { Accepted, InFlight } from "./in-flight.ts";
import type { FramePart } from "./messages.ts";

// What a frame or a record costs in memory besides its bytes.
const overheadBytes = 512;

/** Takes what senders bring, bounds it, and hands it to the evaluators; the API thread looks at headers only. */
export class Ingest {
  readonly #evaluators: EvaluatorPool;
  readonly #inFlight: InFlight;

  constructor(evaluators: EvaluatorPool, inFlight: InFlight) {
    this.#evaluators = evaluators;
    this.#inFlight = inFlight;
  }

  /** Resolves when every frame is committed; the cluster is the credential's, whatever a frame says. */
  async frames(frames: readonly Frame[], sender: SenderIdentity): Promise<Accepted> {
    const bytes = frames.reduce((sum, frame) => sum + frame.body.length + overheadBytes, 0);
    this.#inFlight.admit(bytes);
    const shards = new Map<number, Frame[]>();
    for (const frame of frames) {
      // A cluster's audit records meet in one place, whoever brings them: there twins are known by their content.
      const node = frame.header.class === "api" ? "" : frame.header.node;
      const shard = this.#evaluators.shard(sender.workspaceId, sender.cluster, node);
      const together = shards.get(shard);
      if (together === undefined) shards.set(shard, [frame]);
      else together.push(frame);
    }
    const parts = await Promise.all([...shards].map(([shard, some]) => this.#send(shard, some, sender)));
    return {
      accepted: parts.reduce((sum, part) => sum + part.accepted, 0),
      duplicates: parts.reduce((sum, part) => sum + part.duplicates, 0),
    };
  }

  #send(shard: number, frames: readonly Frame[], { workspaceId, cluster }: SenderIdentity): Promise<Accepted> {
    const bytes = frames.reduce((sum, frame) => sum + frame.body.length + overheadBytes, 0);
    // A body is a view of the request's buffer: its own copy can change hands without being copied again.
    const parts = frames.map(({ header, body }): FramePart & { body: Uint8Array<ArrayBuffer> } => {
      return { header, body: new Uint8Array(body) };
    });
    const transfer = parts.map((part) => part.body.buffer);
    return this.#inFlight.open(bytes, (request) => {
      this.#evaluators.send(shard, { type: "frames", request, workspaceId, cluster, frames: parts }, transfer);
    });
  }

  /** Resolves when the records are committed, and it is counted what came with them that nobody can read. */
  async records(
    events: readonly ApiEvent[],
    lost: RecordCounts,
    { workspaceId, cluster }: SenderIdentity,
  ): Promise<Accepted> {
    if (events.length + lost.undecodable + lost.too_large === 0) return { accepted: 0, duplicates: 0 };
    const bytes = events.reduce((sum, event) => sum + (event.record?.length ?? 0) + overheadBytes, 0);
    this.#inFlight.admit(bytes);
    const shard = this.#evaluators.shard(workspaceId, cluster, "");
    return this.#inFlight.open(bytes, (request) => {
      this.#evaluators.send(shard, { type: "records", request, workspaceId, cluster, events: [...events], lost });
    });
  }

  /** An event of our own making goes the way of all others. */
  made(
    event: AtalayaEvent,
    of: { workspaceId: string; cluster: string; node: string; bootId: string },
  ): Promise<Accepted> {
    const shard = this.#evaluators.shard(of.workspaceId, of.cluster, of.node);
    return this.#inFlight.open(overheadBytes, (request) => {
      this.#evaluators.send(shard, { type: "made", request, event, ...of });
    });
  }
}
