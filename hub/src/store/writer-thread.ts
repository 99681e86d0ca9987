import { parentPort, workerData } from "node:worker_threads";
import { packFault } from "../core/thread-fault.ts";
import { GroupCommit } from "./group-commit.ts";
import { HubWriter } from "./hub-writer.ts";
import { storeFault } from "./store-fault.ts";
import type { FromWriter, ToWriter, WriterData } from "./writer-messages.ts";

// The writer thread: owns the database for writing.

if (parentPort === null) throw new Error("this file is a worker's");
const hub = parentPort;
const { folder, evaluators } = workerData as WriterData;
const tell = (message: FromWriter) => hub.postMessage(message);

function serve(writer: HubWriter): void {
  const commits = new GroupCommit(writer, tell);
  hub.on("message", (message: ToWriter) => {
    if (message.type === "write") commits.add(message);
    else if (message.type === "evaluator") commits.addEvaluator(message.evaluator, message.port);
    else {
      commits.close(() => {
        tell({ type: "closed" });
        hub.close();
      });
    }
  });
  tell({ type: "ready", state: writer.stored(evaluators) });
}

try {
  serve(await HubWriter.open(folder));
} catch (error) {
  const fault = storeFault(error);
  if (fault === undefined) throw error;
  tell({ type: "broken", fault: packFault(fault) });
}
