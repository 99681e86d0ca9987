import type { enRecorder } from "./en-recorder.ts";

export const esRecorder: typeof enRecorder = {
  recorder: {
    recorded: "grabado",
    ofProcess: (count: string) => `${count} grabados a su alrededor`,
    state: {
      asked: "Se pregunta al nodo qué hizo antes este contenedor: aún no ha respondido.",
      unanswered: "El nodo no dijo en una hora qué hizo antes este contenedor.",
      refused: "Demasiadas alertas de este contenedor, o de este nodo, pidieron una grabación: esta no la tiene.",
      nothing: "El registrador del nodo no tenía nada de este contenedor.",
    },
    has: (counts: string) => `Del registrador del nodo: ${counts}.`,
    className: { process: "programas", file: "archivos", network: "red", dns: "DNS", kernel: "núcleo" },
    earlier: (count: string) => `${count} anteriores no están aquí: muy antiguos, sin espacio o demasiados.`,
    lost: (count: string) => `${count} intermedios se perdieron.`,
    fromBeginning: "La grabación empieza aquí: antes no se grabó nada.",
    holds: (bytes: string, most: string) => `El registrador guarda ${bytes} de ${most}`,
    since: "desde",
    gaveUp: (count: string) => `${count} eventos perdidos por falta de espacio`,
    unreadable: (count: string) => `${count} no se pudieron leer.`,
  },
};
